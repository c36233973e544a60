"""The log of an app's program: what it writes, line by line, in a file of its own."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clace.log_files import RotatingFile
from clace.text import one_line
from clace.units import MEBIBYTE

LAST_LINES = 20
_KEPT = 200
_LONGEST = 8192
_UNFINISHED = 64 * 1024
_BYTES, _BACKUPS = 5 * MEBIBYTE, 2
_MARK = re.compile(
    r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b", re.IGNORECASE
)
LEVELS = ("debug", "info", "warn", "error")
_NAMES = {
    "trace": "debug",
    "notice": "info",
    "warning": "warn",
    "critical": "error",
    "fatal": "error",
}
Follower = Callable[[str], None]


def level_of(line: str) -> str:
    """The level that a line names near its beginning; ``info`` if it names none."""
    found = _MARK.search(line[:120])
    if found is None:
        return "error" if line.startswith("Traceback ") else "info"
    name = found[1].lower()
    return _NAMES.get(name, name)


class AppLog:
    """Takes bytes as they come, and keeps lines: the last ones here, the others in files.

    Each line has the time at which it came. ``redact`` takes the values of secrets out of it.
    """

    def __init__(self, clock: Any, path: Path) -> None:
        self._clock = clock
        self.path = path
        self._file = RotatingFile(path, _BYTES, _BACKUPS)
        self._rest = b""
        self._last: deque[str] = deque(maxlen=_KEPT)
        self.followers: list[Follower] = []
        self.redact: Callable[[str], str] = str

    @property
    def last_lines(self) -> tuple[str, ...]:
        """Return what was written last, without times."""
        lines = [*self._last, *([self._shown(self._rest)] if self._rest else [])]
        return tuple(lines[-LAST_LINES:])

    def write(self, data: bytes) -> None:
        """Take what the program writes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._add(self._shown(line))
        if len(self._rest) > _UNFINISHED:
            self.end()

    def end(self) -> None:
        """Take what there is of a last line."""
        rest, self._rest = self._rest, b""
        if rest:
            self._add(self._shown(rest))

    def tell(self, line: str) -> None:
        """Take a line of the server's own about the program."""
        self.end()
        self._add(self.redact(one_line(line)[:_LONGEST]), mark="clace: ")

    def begin(self) -> None:
        """Forget the last lines: what follows is of another run."""
        self.end()
        self._last.clear()

    def close(self) -> None:
        """Close the file."""
        self.end()
        self._file.close()

    def _shown(self, line: bytes) -> str:
        text = line.rstrip(b"\r").decode("utf-8", "replace")
        return self.redact(one_line(text.expandtabs(4))[:_LONGEST])

    def _add(self, line: str, mark: str = "") -> None:
        if not mark:
            self._last.append(line)
        now = datetime.fromtimestamp(self._clock.seconds(), UTC)
        stamped = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z {mark}{line}"
        try:
            self._file.write(f"{stamped}\n".encode("utf-8", "replace"))
        except OSError:
            self._file.close()  # a full disk must not end the app
        for follower in tuple(self.followers):
            follower(stamped)
