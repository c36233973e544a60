"""Surroundings of apps that are processes: their specs, and environments of their packages."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.environments.building import Environments as Environments
    from clace.environments.cache import cache_fact as cache_fact
    from clace.environments.filling import Specs as Specs
    from clace.environments.installing import Installer as Installer
    from clace.environments.programs import (
        OpenStarter as OpenStarter,
        StepRunner as StepRunner,
        WalledBuildStarter as WalledBuildStarter,
    )
    from clace.environments.settings import PythonOptions as PythonOptions
    from clace.environments.store import (
        EnvironmentStore as EnvironmentStore,
        store_below as store_below,
    )
else:
    __getattr__ = face(
        __name__,
        building=("Environments",),
        cache=("cache_fact",),
        filling=("Specs",),
        installing=("Installer",),
        programs=("OpenStarter", "StepRunner", "WalledBuildStarter"),
        settings=("PythonOptions",),
        store=("EnvironmentStore", "store_below"),
    )
