"""A ration of the audit log for events that strangers can cause as often as they like."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from twisted.application.internet import TimerService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace.interfaces import IAuditLog, IRationedAudit
from clace.model import FAILED, AuditEvent, Deed, event_of

SECONDS = 60.0
# Together all sources may fill half of the queue that events of operators share.
TOGETHER = 500
TOGETHER_A_SECOND = 40.0
SOURCES = 10_000
TOLD = 100
OTHERS = "other addresses"
OPERATION = "audit_ration"
_Key = tuple[str, str]


class _Share(Struct):
    """Events of a source in this minute: recorded and left out."""

    recorded: int = 0
    left_out: int = 0


@implementer(IRationedAudit)
class RationedAudit(TimerService):
    """Record so many events a minute for each app and source, and count the others.

    At the end of the minute a row for each source says how many were left out.
    """

    def __init__(
        self,
        audit: IAuditLog,
        clock: IReactorTime,
        new_id: Callable[[], str],
        *,
        a_minute: int,
        sources: int = SOURCES,
    ) -> None:
        super().__init__(SECONDS, self.tell)
        self.clock = clock
        self._clock = clock
        self._audit = audit
        self._new_id = new_id
        self._a_minute = a_minute
        self._sources = sources
        self._shares: dict[_Key, _Share] = {}
        self._left, self._at = float(TOGETHER), clock.seconds()

    def record(self, event: AuditEvent, source: str, *, known: bool = False) -> bool:
        if not self._a_minute:
            self._audit.record(event)
            return True
        share = self._share(event.app_id, source, known=known)
        if share.recorded >= self._a_minute or not (known or self._has_room()):
            share.left_out += 1
            return False
        share.recorded += 1
        self._left -= not known
        self._audit.record(event)
        return True

    def tell(self) -> None:
        """End the minute: record how many events were left out."""
        shares, self._shares = self._shares, {}
        over = [(share.left_out, key) for key, share in shares.items() if share.left_out]
        over.sort(reverse=True)
        for count, (app_id, source) in over[:TOLD]:
            self._audit.record(self._report(app_id, source, count))
        if rest := sum(count for count, _ in over[TOLD:]):
            self._audit.record(self._report("", OTHERS, rest))

    def stopService(self) -> Deferred[None]:
        """End the minute, for which no timer will come."""
        self.tell()
        stopped: Deferred[None] = super().stopService()
        return stopped

    def _share(self, app_id: str, source: str, *, known: bool) -> _Share:
        key = app_id, source
        if not known and key not in self._shares and len(self._shares) >= self._sources:
            key = "", OTHERS
        return self._shares.setdefault(key, _Share())

    def _has_room(self) -> bool:
        now = self._clock.seconds()
        more = max(0.0, now - self._at) * TOGETHER_A_SECOND
        self._left, self._at = min(float(TOGETHER), self._left + more), now
        return self._left >= 1

    def _report(self, app_id: str, source: str, count: int) -> AuditEvent:
        deed = Deed(
            operation=OPERATION,
            target=source,
            app_id=app_id,
            status=FAILED,
            detail=f"left out {count} events, more than {self._a_minute} a minute",
        )
        return event_of(deed, self._clock.seconds(), self._new_id())
