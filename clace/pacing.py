"""The pace at which the output of programs is taken: a program that writes more has to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.task import deferLater

from clace.units import MEBIBYTE

_IN_A_SECOND = MEBIBYTE
_BYTES_OF_A_LINE = 64
"""The bytes that are as much work as one more line."""
_LINES_AT_ONCE = 1024


def _never() -> bool:
    return False


class Pace:
    """Hands bytes to ``take``, a mebibyte in a second; each line counts for some bytes more."""

    def __init__(
        self, clock: Any, take: Callable[[bytes], None], is_over: Callable[[], bool] = _never
    ) -> None:
        """Once it ``is_over`` nobody writes any more, and the rest is taken without a wait."""
        self._clock = clock
        self._take = take
        self._is_over = is_over
        self._taken, self._since = 0, clock.seconds()

    async def hand_on(self, data: bytes) -> None:
        """Return when more may be read."""
        for piece in _pieces(data):
            self._take(piece)
            self._taken += len(piece) + _BYTES_OF_A_LINE * piece.count(b"\n")
            now = self._clock.seconds()
            if now >= self._since + 1:
                self._taken, self._since = 0, now
            elif self._taken >= _IN_A_SECOND and not self._is_over():
                await deferLater(self._clock, self._since + 1 - now)
                self._taken, self._since = 0, self._since + 1


def _pieces(data: bytes) -> Iterator[bytes]:
    """Return pieces of few lines each: the reactor waits while one is taken."""
    lines = data.split(b"\n")
    for start in range(0, len(lines), _LINES_AT_ONCE):
        end = start + _LINES_AT_ONCE
        last = b"\n" if end < len(lines) else b""
        if piece := b"\n".join(lines[start:end]) + last:
            yield piece
