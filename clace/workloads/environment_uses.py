"""Environments that apps use, so that those which nobody uses can be removed."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

import msgspec

_KEPT = 3
"""Environments of an app that are kept: it may go back to an earlier version."""


class EnvironmentUses:
    """The keys of the last environments of each app, kept in a file.

    Its methods block, and any thread may call them.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, list[str]] | None = None
        self._lock = Lock()

    def note(self, app_id: str, key: str) -> bool:
        """An app uses an environment; return true if another one may be unused since.

        :raises OSError: if that cannot be kept.
        """
        with self._lock:
            known = self._read()
            before = known.get(app_id, [])
            if before[-1:] == [key]:
                return False
            after = [*(one for one in before if one != key), key][-_KEPT:]
            known[app_id] = after
            self._write(known)
        return not set(before) <= set(after)

    def drop(self, app_id: str) -> None:
        """An app is gone.

        :raises OSError: if that cannot be kept.
        """
        with self._lock:
            known = self._read()
            if known.pop(app_id, None) is not None:
                self._write(known)

    def keys(self) -> frozenset[str]:
        """The keys that some app uses."""
        with self._lock:
            return frozenset(key for keys in self._read().values() for key in keys)

    def _read(self) -> dict[str, list[str]]:
        if self._known is None:
            try:
                content = self._file.read_bytes()
                self._known = msgspec.json.decode(content, type=dict[str, list[str]])
            except FileNotFoundError:
                self._known = {}
        return self._known

    def _write(self, known: dict[str, list[str]]) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self._file.with_name(f".{self._file.name}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(known))
        aside.rename(self._file)
