"""Filters and entries of the audit log."""

from __future__ import annotations

import re

from msgspec import Struct

from clace.errors import BadRequest
from clace.model.traffic import AuditEvent

MOST_EVENTS = 10_000
_HASH = re.compile("[0-9a-f]{64}")


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
        if not 1 <= self.limit <= MOST_EVENTS:
            raise BadRequest(f"limit is {self.limit}, expected 1 to {MOST_EVENTS}")


class AuditEntry(Struct, frozen=True, kw_only=True):
    """A recorded event with its number and its hash, which is empty for a row without one."""

    sequence: int
    hash: str = ""
    event: AuditEvent


class AuditHead(Struct, frozen=True):
    """The end of the audit log at some moment: the number of its last row, and the hash of it."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> AuditHead:
        """:raises BadRequest: if it is not a number, a colon and a hash."""
        number, _, end = text.partition(":")
        if not (number.isascii() and number.isdigit() and _HASH.fullmatch(end)):
            raise BadRequest(f"{text} is no head of an audit log, expected NUMBER:HASH")
        return cls(int(number), end)


class AuditFault(Struct, frozen=True, kw_only=True):
    """The first row at which the chain breaks, with its event if it is there."""

    sequence: int
    reason: str
    event: AuditEvent | None = None


class AuditVerification(Struct, frozen=True, kw_only=True):
    """The outcome of walking the chain: its first fault if there is one, and what was counted.

    ``removed`` rows were removed by retention, ``unchained`` ones are older than the chain.
    """

    fault: AuditFault | None = None
    head: AuditHead | None = None
    rows: int = 0
    removed: int = 0
    unchained: int = 0
