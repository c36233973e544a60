"""Environments that apps use, so that those which nobody uses can be removed."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import msgspec

from clace.private_files import make_private_folders, replace_file

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
            self._write({**known, app_id: after})
        return not set(before) <= set(after)

    def drop(self, app_id: str) -> None:
        """An app is gone.

        :raises OSError: if that cannot be kept.
        """
        with self._lock:
            known = self._read()
            if app_id in known:
                self._write({app: keys for app, keys in known.items() if app != app_id})

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
        """Keep them; nothing has changed if that fails."""
        make_private_folders(self._file.parent)
        replace_file(self._file, msgspec.json.encode(known), 0o600)
        self._known = known
