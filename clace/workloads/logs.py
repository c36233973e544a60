"""The log of an app's program: what it writes, line by line, in a file of its own."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from clace.interfaces import IProgramLog, LogFilter
from clace.log_files import RotatingFile
from clace.model import LOG_LEVELS
from clace.text import one_line, time_text
from clace.threads import InThread
from clace.units import MEBIBYTE

LAST_LINES = 20
_KEPT = 200
_LONGEST = 8192
_UNFINISHED = 64 * 1024
_BYTES, _BACKUPS = 5 * MEBIBYTE, 2
_MARK = re.compile(
    r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b", re.IGNORECASE
)
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


class LineSplitter:
    """Makes lines of bytes that come in pieces, without the values of secrets."""

    def __init__(self, take: Callable[[str], None], redact: Callable[[str], str]) -> None:
        self._take = take
        self._redact = redact
        self._rest = b""

    @property
    def rest(self) -> str:
        """Return what there is of a line that has not ended."""
        return self._shown(self._rest) if self._rest else ""

    def write(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(self._shown(line))
        if len(self._rest) > _UNFINISHED:
            self.end()

    def end(self) -> None:
        """Take what there is of a last line."""
        rest, self._rest = self._rest, b""
        if rest:
            self._take(self._shown(rest))

    def _shown(self, line: bytes) -> str:
        text = line.rstrip(b"\r").decode("utf-8", "replace")
        return self._redact(one_line(text.expandtabs(4))[:_LONGEST])


def passes(line: str, wanted: LogFilter) -> bool:
    """Return true if a line is wanted; it begins with its time."""
    time, _, text = line.partition(" ")
    if wanted.since and time < wanted.since:
        return False
    ranks = LOG_LEVELS.index
    return not wanted.level or ranks(level_of(text)) >= ranks(wanted.level)


@implementer(IProgramLog)
class AppLog:
    """Takes bytes as they come, and keeps lines: the last ones here, the others in files.

    Each line has the time at which it came. ``redact`` takes the values of secrets out of it.
    """

    _log = Logger()

    def __init__(self, clock: Any, path: Path, in_thread: InThread) -> None:
        self._clock = clock
        self._in_thread = in_thread
        self.path = path
        self._file = RotatingFile(path, _BYTES, _BACKUPS)
        self._come: list[str] = []
        self._lines = LineSplitter(self._come.append, self._redacted)
        self._last: deque[str] = deque(maxlen=_KEPT)
        self._followers: dict[Follower, LogFilter] = {}
        self._loses_lines = self._is_removed = False
        self.redact: Callable[[str], str] = str

    def _redacted(self, text: str) -> str:
        return self.redact(text)

    @property
    def last_lines(self) -> tuple[str, ...]:
        """Return what was written last, without times."""
        lines = [*self._last, *filter(None, [self._lines.rest])]
        return tuple(lines[-LAST_LINES:])

    def write(self, data: bytes) -> None:
        """Take what the program writes."""
        self._lines.write(data)
        self._take_lines()

    def end(self) -> None:
        """Take what there is of a last line."""
        self._lines.end()
        self._take_lines()

    def tell(self, line: str) -> None:
        """Take a line of the server's own about the program."""
        self.end()
        self._put((f"clace: {self.redact(one_line(line)[:_LONGEST])}",))

    def begin(self) -> None:
        """Forget the last lines: what follows is of another run."""
        self.end()
        self._last.clear()

    def close(self) -> None:
        """Close the file."""
        self.end()
        self._file.close()

    def remove(self) -> None:
        """Remove the file with those that were put aside; what a program that is ending still
        writes is not kept.
        """
        self.close()
        self._is_removed = True
        for number in range(_BACKUPS + 1):
            self._numbered(number).unlink(missing_ok=True)

    def _take_lines(self) -> None:
        """Keep the lines that have come, all with one time and in one write."""
        lines = tuple(self._come)
        self._come.clear()
        self._last.extend(lines)
        self._put(lines)

    def _put(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        time = time_text(self._clock.seconds())
        stamped = [f"{time} {line}" for line in lines]
        self._keep(stamped)
        for follower, wanted in tuple(self._followers.items()):
            for line in stamped:
                if passes(line, wanted):
                    follower(line)

    def _keep(self, stamped: Sequence[str]) -> None:
        """Write lines to the file. A full disk must not end the app; that lines are lost is told
        once, until one can be written.
        """
        if self._is_removed:
            return
        try:
            self._file.write("".join(f"{line}\n" for line in stamped).encode("utf-8", "replace"))
        except OSError as error:
            self._file.close()
            if not self._loses_lines:
                told = "Lines of a program are lost, {path} cannot be written: {error}"
                self._log.error(told, path=str(self.path), error=str(error))
            self._loses_lines = True
        else:
            self._loses_lines = False

    async def lines(self, wanted: LogFilter) -> tuple[str, ...]:
        self.end()
        return await self._in_thread(lambda: self._read(wanted))

    def follow(self, wanted: LogFilter, take: Follower) -> None:
        self._followers[take] = wanted

    def leave(self, take: Follower) -> None:
        self._followers.pop(take, None)

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

    def _read(self, wanted: LogFilter) -> tuple[str, ...]:
        """Read the files, the oldest first; blocks."""
        kept: deque[str] = deque(maxlen=wanted.lines)
        for number in range(_BACKUPS, -1, -1):
            path = self._numbered(number)
            with suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace") as file:
                kept.extend(line for one in file if passes(line := one.rstrip("\n"), wanted))
        return tuple(kept)
