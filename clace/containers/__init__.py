"""Programs of apps as containers, by the command line of Podman or Docker."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.containers.discovery import (
        engine_facts as engine_facts,
        found_engine as found_engine,
        missing_engine as missing_engine,
    )
    from clace.containers.engine import ContainerEngine as ContainerEngine
    from clace.containers.namespaces import way_in as way_in
    from clace.containers.settings import ContainerSettings as ContainerSettings
    from clace.containers.sweeping import ContainerSweeper as ContainerSweeper
else:
    __getattr__ = face(
        __name__,
        discovery=("engine_facts", "found_engine", "missing_engine"),
        engine=("ContainerEngine",),
        namespaces=("way_in",),
        settings=("ContainerSettings",),
        sweeping=("ContainerSweeper",),
    )
