"""Programs of apps: started for requests, replaced without a failure, ended when unused."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.workloads.limits import WorkloadLimits as WorkloadLimits
    from clace.workloads.offer import OfferSupplies as OfferSupplies
    from clace.workloads.service import WorkloadFolders as WorkloadFolders, Workloads as Workloads
else:
    __getattr__ = face(
        __name__,
        limits=("WorkloadLimits",),
        offer=("OfferSupplies",),
        service=("WorkloadFolders", "Workloads"),
    )
