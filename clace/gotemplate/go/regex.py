"""Regular expressions of templates: RE2, whose time is linear in the text, as Go would use it.

A pattern from a template is untrusted, and Python's own matcher can be made to run for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from clace.gotemplate.faults import LimitFault
from clace.gotemplate.go import regex_syntax
from clace.gotemplate.limits import Meter

MAX_WORK: Final = 1 << 27
"""Characters times instructions of one search; at 13 ns each, the most that RE2 takes, 1.7 s."""
_COMPILED: Final = 8
"""The power of two of instructions that a step pays for when a pattern is compiled."""
_SEARCHED: Final = 6
Groups = tuple[int, ...]
_TEMPLATE: Final = re.compile(r"\$(?:(\$)|([0-9A-Za-z_]+)|\{([0-9A-Za-z_]+)\})", re.ASCII)
_INSIDE: Final = frozenset(bytes([byte]) for byte in range(0x80, 0xC0))
_NO_TEXT: Final = re.compile("[\ud800-\udfff]")


class _Subject:
    """A text in the bytes that RE2 reads; bytes that were not UTF-8 count as U+FFFD.

    Places in characters are counted from the last one that was asked for.
    """

    def __init__(self, text: str) -> None:
        self._text = text if text.isascii() else _NO_TEXT.sub("\ufffd", text)
        self.data = self._text.encode()
        self._simple = text.isascii()
        self._byte = self._char = 0

    def splits(self, byte: int) -> bool:
        """Return true for a place inside a character."""
        return self.data[byte : byte + 1] in _INSIDE

    def byte(self, char: int) -> int:
        """The place in bytes of a place in characters."""
        if self._simple:
            return char
        low, high = sorted((char, self._char))
        size = len(self._text[low:high].encode())
        self._byte += size if char >= self._char else -size
        self._char = char
        return self._byte

    def char(self, byte: int) -> int:
        """The place in characters of a place in bytes; -1 stays."""
        if self._simple or byte < 0:
            return byte
        low, high = sorted((byte, self._byte))
        size = len(self.data[low:high].decode())
        self._char += size if byte >= self._byte else -size
        self._byte = byte
        return self._char


class Regex:
    """A compiled pattern."""

    def __init__(self, pattern: str) -> None:
        self._program = regex_syntax.compiled(pattern)
        self.size: int = self._program.programsize
        self.names = [""] * (self._program.groups + 1)
        for name, index in self._program.groupindex.items():
            self.names[index] = name.decode()

    def search(self, text: str, start: int, meter: Meter) -> Groups | None:
        """Places of the leftmost match from ``start`` on and of its groups, -1 for unset ones."""
        return self._find(_Subject(text), start, meter)

    def _find(self, subject: _Subject, start: int, meter: Meter) -> Groups | None:
        at = subject.byte(start)
        while True:
            found = self._search(subject.data, at, meter)
            if found is None:
                return None
            if not subject.splits(found.start()):
                break
            at = found.start() + 1  # to RE2, \B holds inside a character too
        spans = [found.span(index) for index in range(len(self.names))]
        return tuple(subject.char(place) for span in spans for place in span)

    def _search(self, data: bytes, at: int, meter: Meter) -> Any:
        left = len(data) - at
        if left * self.size > MAX_WORK:
            raise LimitFault("a text is too long for so large a pattern")
        found = self._program.search(data, at)
        meter.spend(1 + ((found.end() - at if found else left) >> _SEARCHED))
        meter.refill()  # the clock is read each time: a search may look at all that is left
        return found

    def matches(self, text: str, meter: Meter, limit: int = -1) -> Iterator[Groups]:
        """Matches that do not overlap; an empty one never follows another match at once."""
        subject = _Subject(text)
        at, before = 0, -1
        while at <= len(text) and limit != 0:
            found = self._find(subject, at, meter)
            if found is None:
                return
            accept = True
            if found[1] == at:
                accept = found[0] != before
                at += 1
            else:
                at = found[1]
            before = found[1]
            if accept:
                limit -= 1
                yield found

    def replace(self, text: str, change: Callable[[Groups], str], meter: Meter) -> str:
        """The text with every match changed."""
        subject = _Subject(text)
        out: list[str] = []
        at = end = 0
        while at <= len(text):
            found = self._find(subject, at, meter)
            if found is None:
                break
            out.append(text[end : found[0]])
            if found[1] > end or found[0] == 0:
                out.append(change(found))
            end = found[1]
            at = found[1] if found[1] > at else at + 1
        return "".join((*out, text[end:]))

    def expand(self, template: str, text: str, groups: Groups) -> str:
        """A replacement with ``$1`` and ``${name}`` filled in."""
        return _TEMPLATE.sub(lambda found: self._group(found, text, groups), template)

    def _group(self, found: re.Match[str], text: str, groups: Groups) -> str:
        if found[1]:
            return "$"
        name = found[2] or found[3]
        if name.isdigit() and (name == "0" or name[0] != "0"):
            index = int(name) if len(name) < 5 else len(self.names)  # noqa: PLR2004
        else:
            index = self.names.index(name) if name in self.names[1:] else len(self.names)
        if index >= len(self.names) or groups[2 * index] < 0:
            return ""
        return text[groups[2 * index] : groups[2 * index + 1]]


@lru_cache(maxsize=32)
def _cached(pattern: str) -> Regex:
    return Regex(pattern)


def compiled(pattern: str, meter: Meter) -> Regex:
    """Compile a pattern once, if there is time; each use of a large one is charged.

    :raises CallFault: the pattern is invalid, in Go's words.
    """
    meter.refill()
    regex = _cached(pattern)
    meter.spend(regex.size >> _COMPILED)
    return regex
