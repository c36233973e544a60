"""The code inside an app's process: Starlark, the ``ace`` module, routes and templates."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.host.app import HostedApp as HostedApp
    from clace.host.declarations import Declarations as Declarations
    from clace.host.faults import AppFault as AppFault, ImpossibleCall as ImpossibleCall
else:
    __getattr__ = face(
        __name__,
        app=("HostedApp",),
        declarations=("Declarations",),
        faults=("AppFault", "ImpossibleCall"),
    )
