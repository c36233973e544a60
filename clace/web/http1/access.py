"""The access log: a line of JSON for each request, without what queries and headers may hide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import Struct
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from clace.text import json_text

FLUSH_SECONDS = 0.1
_lines = msgspec.json.Encoder().encode_lines
log = Logger()


class AccessEntry(Struct, frozen=True, kw_only=True):
    """One request and what became of it; ``path`` has no query, since tokens travel there."""

    time: datetime
    method: str
    host: str
    path: str
    proto: str
    remote: str
    status: int
    bytes: int
    duration_ms: float


class AccessLog(Service):
    """Keeps entries and writes them together, every tenth of a second and when it is stopped."""

    def __init__(self, clock: IReactorTime, write: Callable[[bytes], object]) -> None:
        self._clock = clock
        self._write = write
        self._entries: list[AccessEntry] = []
        self._flush_call: IDelayedCall | None = None

    def __call__(self, entry: AccessEntry) -> None:
        self._entries.append(entry)
        if self._flush_call is None:
            self._flush_call = self._clock.callLater(FLUSH_SECONDS, self._flush)

    def stopService(self) -> None:
        super().stopService()
        if self._flush_call is not None:
            self._flush_call.cancel()
            self._flush()

    def _flush(self) -> None:
        entries, self._entries, self._flush_call = self._entries, [], None
        try:
            self._write(json_text(_lines(entries)).encode())
        except OSError:
            # A full disk costs lines of the log, and no request.
            log.failure("{count} lines of the access log are lost", count=len(entries))
