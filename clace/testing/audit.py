"""The audit log without a database: what tests of other rooms use."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from zope.interface import implementer

from clace.audit import AuditRetention, fitted, nanoseconds
from clace.interfaces import IAuditChain, IAuditLog, IAuditTrail
from clace.model import AuditEntry, AuditEvent, AuditFilter, AuditHead, AuditVerification

_SAME = ("user_id", "event_type", "operation", "target", "status", "rid")


@implementer(IAuditLog, IAuditTrail, IAuditChain)
class MemoryAudit:
    """``events`` are in the order they were recorded in."""

    def __init__(self, retention: AuditRetention | None = None) -> None:
        self.events: list[AuditEvent] = []
        self._retention = retention or AuditRetention()

    def record(self, event: AuditEvent) -> None:
        self.events.append(fitted(event))

    async def query(self, wanted: AuditFilter) -> tuple[AuditEvent, ...]:
        passing = [event for event in reversed(self.events) if _passes(event, wanted)]
        passing.sort(key=lambda event: event.create_time, reverse=True)
        return tuple(passing[: wanted.limit])

    async def entries(self, wanted: AuditFilter) -> tuple[AuditEntry, ...]:
        """The numbers of entries are their places among those kept."""
        found = await self.query(wanted)
        return tuple(self._entry(event) for event in found)

    async def pages(self, wanted: AuditFilter) -> AsyncIterator[tuple[AuditEntry, ...]]:
        """One event a page."""
        for event in tuple(self.events):
            if _passes(event, wanted):
                yield (self._entry(event),)

    async def verify(self, known: AuditHead | None) -> AuditVerification:  # noqa: ARG002
        """Nobody tampers with events in memory."""
        return AuditVerification(rows=len(self.events))

    async def operations(self) -> tuple[str, ...]:
        return tuple(sorted({one.operation for one in self.events}))

    async def retain(self, now: float) -> None:
        """Forget what is older than it is to be kept."""
        keeps, at = self._retention.keeps, nanoseconds(now)
        self.events = [event for event in self.events if keeps(event, at)]

    def _entry(self, event: AuditEvent) -> AuditEntry:
        place = next(at for at, one in enumerate(self.events, 1) if one is event)
        return AuditEntry(sequence=place, event=event)


def _passes(event: AuditEvent, wanted: AuditFilter) -> bool:
    return (
        all(getattr(wanted, name) in {"", getattr(event, name)} for name in _SAME)
        and (wanted.app_ids is None or event.app_id in wanted.app_ids)
        and (not wanted.detail or _is_like(event.detail, wanted.detail))
        and (wanted.start is None or event.create_time >= wanted.start)
        and (wanted.end is None or event.create_time < wanted.end)
    )


def _is_like(text: str, pattern: str) -> bool:
    parts = ({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL | re.IGNORECASE | re.ASCII) is not None
