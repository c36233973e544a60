"""Numbers of users for programs: each app has one of its own, for as long as it exists."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

import msgspec


class AppUsers:
    """Numbers of apps, kept in a file; none is ever given to another app.

    It blocks, and any thread may ask.
    """

    def __init__(self, file: Path, first: int) -> None:
        self._file = file
        self._first = first
        self._known: dict[str, int] | None = None
        self._lock = Lock()

    def number(self, app_id: str) -> int:
        """The number of an app, given to it now if it has none.

        :raises OSError: if that cannot be kept.
        """
        with self._lock:
            known = self._read()
            if app_id not in known:
                number = max(known.values(), default=self._first - 1) + 1
                self._write({**known, app_id: number})
                known[app_id] = number
            return known[app_id]

    def _read(self) -> dict[str, int]:
        if self._known is None:
            try:
                self._known = msgspec.json.decode(self._file.read_bytes(), type=dict[str, int])
            except FileNotFoundError:
                self._known = {}
        return self._known

    def _write(self, known: dict[str, int]) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self._file.with_name(f".{self._file.name}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(known))
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self._file)
