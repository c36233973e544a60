"""Programs of apps: started for requests, replaced without a failure, ended when unused."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.workloads.app_data import ProgramData as ProgramData
    from clace.workloads.control import ProgramControl as ProgramControl
    from clace.workloads.engines import ChosenEngines as ChosenEngines
    from clace.workloads.environment_uses import EnvironmentUses as EnvironmentUses
    from clace.workloads.limits import WorkloadLimits as WorkloadLimits
    from clace.workloads.offer import OfferSupplies as OfferSupplies
    from clace.workloads.process_engine import (
        ProcessEngine as ProcessEngine,
        ProcessPlaces as ProcessPlaces,
    )
    from clace.workloads.service import WorkloadFolders as WorkloadFolders, Workloads as Workloads
    from clace.workloads.source_folders import SourceFolders as SourceFolders
    from clace.workloads.users import AppUsers as AppUsers
else:
    __getattr__ = face(
        __name__,
        app_data=("ProgramData",),
        control=("ProgramControl",),
        engines=("ChosenEngines",),
        environment_uses=("EnvironmentUses",),
        limits=("WorkloadLimits",),
        offer=("OfferSupplies",),
        process_engine=("ProcessEngine", "ProcessPlaces"),
        service=("WorkloadFolders", "Workloads"),
        source_folders=("SourceFolders",),
        users=("AppUsers",),
    )
