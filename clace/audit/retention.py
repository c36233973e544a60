"""AuditRetention: the time for which events are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from clace.model import HTTP, AuditEvent, Deed, event_of
from clace.units import NANOSECONDS

_NANOSECONDS_A_DAY = 24 * 3600 * NANOSECONDS


class AuditRetention(Struct, frozen=True, kw_only=True):
    """Days for requests and for everything else, and a size in bytes; 0 or less means unlimited."""

    http_days: float = 90
    other_days: float = 180
    max_bytes: int = 0

    def http_start(self, now: int) -> int | None:
        """The time of the oldest request that is kept; none if all are."""
        return _start(now, self.http_days)

    def other_start(self, now: int) -> int | None:
        """The time of the oldest other event that is kept; none if all are."""
        return _start(now, self.other_days)

    def keeps(self, event: AuditEvent, now: int) -> bool:
        start = self.http_start(now) if event.event_type == HTTP else self.other_start(now)
        return start is None or event.create_time >= start


def nanoseconds(seconds: float) -> int:
    """As events have their time."""
    return int(seconds * NANOSECONDS)


def trimmed(count: int, newest: int, most: int, seconds: float) -> AuditEvent:
    """Return the row that says that others were removed for want of room."""
    moment = datetime.fromtimestamp(newest // NANOSECONDS, UTC).strftime("%Y-%m-%d %H:%M:%S")
    told = f"removed the {count} oldest events, up to {moment} UTC: the limit is {most} bytes"
    return event_of(Deed(operation="audit_trim", target="audit", detail=told), seconds, "")


def _start(now: int, days: float) -> int | None:
    return now - int(days * _NANOSECONDS_A_DAY) if days > 0 else None
