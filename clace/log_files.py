"""A file of log lines that is put aside when it is full."""

from __future__ import annotations

import os
import re
from pathlib import Path


class RotatingFile:
    """``path``, then ``path.1`` and so on, the newest first; only the owner may read them.

    What one ``write`` is given stays together in one file. The file is opened, and its folder
    made, at the first write; so a process that gives up privileges does so before.

    Not Twisted's ``LogFile``: the tests of this class show where that would not do.
    """

    def __init__(self, path: Path, max_bytes: int, backups: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._backups = backups
        self._descriptor = -1
        self._size = 0

    def prepare(self) -> None:
        """Open the file before there is something to write.

        :raises OSError: if it cannot be opened.
        """
        if self._descriptor < 0:
            self._open()

    def write(self, content: bytes) -> None:
        """Add the bytes; nothing is buffered.

        :raises OSError: they could not be written, or not all; a later write tries anew.
        """
        if self._descriptor < 0:
            self._open()
        if self._size and self._size + len(content) > self._max_bytes:
            self.close()
            self._put_aside()
            self._open()
        rest = memoryview(content)
        while rest:
            count = os.write(self._descriptor, rest)
            self._size += count
            rest = rest[count:]

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self._path, flags, 0o600)
        os.fchmod(self._descriptor, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def _put_aside(self) -> None:
        for number in sorted(self._numbers(), reverse=True):
            if number >= self._backups:
                self._backup(number).unlink()
            else:
                self._backup(number).rename(self._backup(number + 1))
        if self._backups:
            self._path.rename(self._backup(1))
        else:
            self._path.unlink()

    def _numbers(self) -> list[int]:
        """The numbers of what was put aside, more than are kept now if more were kept before."""
        name = re.compile(re.escape(self._path.name) + r"\.([1-9][0-9]{0,5})")
        found = (name.fullmatch(each.name) for each in self._path.parent.iterdir())
        return [int(match[1]) for match in found if match]

    def _backup(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
