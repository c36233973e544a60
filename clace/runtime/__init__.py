"""App hosts seen from the daemon: started, spoken to, limited, published and retired."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.runtime.failures import AppFailures as AppFailures
    from clace.runtime.installed import InstalledApps as InstalledApps
    from clace.runtime.limits import (
        HostLimits as HostLimits,
        RuntimeLimits as RuntimeLimits,
        limits_for_all as limits_for_all,
    )
    from clace.runtime.no_programs import NO_PROGRAMS as NO_PROGRAMS
    from clace.runtime.packing import NodeEnvironment as NodeEnvironment
    from clace.runtime.runtime import Runtime as Runtime
    from clace.runtime.served_app import Fetch as Fetch
else:
    __getattr__ = face(
        __name__,
        failures=("AppFailures",),
        installed=("InstalledApps",),
        limits=("HostLimits", "RuntimeLimits", "limits_for_all"),
        no_programs=("NO_PROGRAMS",),
        packing=("NodeEnvironment",),
        runtime=("Runtime",),
        served_app=("Fetch",),
    )
