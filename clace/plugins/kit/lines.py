"""Bytes that arrive as lines, and lines as what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from clace.outputs import MalformedOutput, document
from clace.plugins.kit.definition import CallFailed
from clace.units import MEBIBYTE

MAX_LINE = MEBIBYTE


class Lines:
    """Cuts bytes into lines of text; bytes that are not UTF-8 are replaced."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that are complete now.

        :raises CallFailed: if one is longer than the limit.
        """
        self._rest += data
        if b"\n" in data:  # or a long line that comes byte by byte would be gone through each time
            *complete, self._rest = self._rest.split(b"\n")
            for line in complete:
                yield self._text(line)
        self._check(self._rest)

    def end(self) -> Iterator[str]:
        """The last line, if it did not end in a newline."""
        if self._rest:
            yield self._text(self._rest)
            self._rest = bytearray()

    def _text(self, line: bytearray) -> str:
        self._check(line)
        return line.removesuffix(b"\r").decode("utf-8", "replace")

    def _check(self, line: bytearray) -> None:
        if len(line) > self._limit:
            raise CallFailed(f"a line is longer than {self._limit} bytes")


def parsed_lines(lines: Iterable[str]) -> list[Any]:
    """The JSON document in each line that is not empty.

    :raises CallFailed: if one has none.
    """
    return [parsed(line) for line in lines if line.strip()]


def parsed(text: str | bytes) -> Any:
    """The one JSON document in a text.

    :raises CallFailed: if it is not JSON.
    """
    try:
        return document(text)
    except MalformedOutput as error:
        raise CallFailed(str(error)) from error


def check_lines(data: bytes, limit: int = MAX_LINE) -> None:
    """:raises CallFailed: if a line is longer than the limit."""
    begin = 0
    while len(data) - begin > limit:
        end = data.rfind(b"\n", begin, begin + limit + 1)
        if end < 0:
            raise CallFailed(f"a line is longer than {limit} bytes")
        begin = end + 1
