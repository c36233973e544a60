"""The record of what was done, by whom: written aside, asked by filter, forgotten in time."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.audit.events import AuditEvents as AuditEvents
    from clace.audit.fitting import fitted as fitted
    from clace.audit.keys import PURPOSE as PURPOSE
    from clace.audit.log import open_audit as open_audit
    from clace.audit.ration import RationedAudit as RationedAudit
    from clace.audit.retention import AuditRetention as AuditRetention, nanoseconds as nanoseconds
else:
    __getattr__ = face(
        __name__,
        events=("AuditEvents",),
        fitting=("fitted",),
        keys=("PURPOSE",),
        log=("open_audit",),
        ration=("RationedAudit",),
        retention=("AuditRetention", "nanoseconds"),
    )
