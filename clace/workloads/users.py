"""Numbers of users for programs: each app has one of its own, for as long as it exists."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import msgspec

from clace.private_files import make_private_folders, replace_file


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
                known = {**known, app_id: number}
                self._write(known)
            return known[app_id]

    def _read(self) -> dict[str, int]:
        if self._known is None:
            try:
                self._known = msgspec.json.decode(self._file.read_bytes(), type=dict[str, int])
            except FileNotFoundError:
                self._known = {}
        return self._known

    def _write(self, known: dict[str, int]) -> None:
        """Keep them; nothing has changed if that fails."""
        make_private_folders(self._file.parent)
        replace_file(self._file, msgspec.json.encode(known), 0o600)
        self._known = known
