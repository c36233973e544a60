"""The audit log in memory, as the rooms of the server reach it."""

from twisted.internet.task import Clock

from clace.audit.events import AuditEvents
from clace.audit.ration import RationedAudit
from clace.testing.audit import MemoryAudit


def memory_events() -> tuple[MemoryAudit, AuditEvents]:
    """A log, and the maker of its events, which leaves out none however many there are."""
    audit = MemoryAudit()
    ration = RationedAudit(audit, Clock(), lambda: "r1", a_minute=0)
    return audit, AuditEvents(audit, ration, lambda: 1.0, lambda: "r1")
