"""A filter for events of the audit log."""

from __future__ import annotations

from msgspec import Struct

from clace.errors import BadRequest

MOST = 10_000


class AuditFilter(Struct, frozen=True, kw_only=True):
    """Empty fields let everything pass; times are in nanoseconds since the epoch.

    ``detail`` is a pattern as SQL has it, ``%`` for any text and ``_`` for a character, blind to
    the case of ASCII letters. Events are from ``start`` on and before ``end``.
    """

    app_ids: frozenset[str] | None = None
    user_id: str = ""
    event_type: str = ""
    operation: str = ""
    target: str = ""
    status: str = ""
    rid: str = ""
    detail: str = ""
    start: int | None = None
    end: int | None = None
    limit: int = 50

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST:
            raise BadRequest(f"limit is {self.limit}, expected 1 to {MOST}")
