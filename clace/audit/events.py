"""The maker of audit events: it gives deeds their time and id, and strangers their share."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import implementer

from clace.interfaces import IAuditEvents, IAuditLog, IRationedAudit
from clace.model import Deed, event_of


@implementer(IAuditEvents)
class AuditEvents:
    """Writes deeds into the audit log, those that name a source into its share of it."""

    def __init__(
        self,
        log: IAuditLog,
        ration: IRationedAudit,
        seconds: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._log, self._ration = log, ration
        self._seconds, self._new_id = seconds, new_id

    def record(self, deed: Deed, rid: str = "") -> bool:
        event = event_of(deed, self._seconds(), rid or self._new_id())
        if deed.source:
            return self._ration.record(event, deed.source, known=deed.is_known)
        self._log.record(event)
        return True
