"""Lines on their way from work to whoever reads about it."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

L = TypeVar("L")
_BEHIND = 10_000
LEFT_OUT = "(lines were left out here: they came faster than they were read)"


class LineQueue(Generic[L]):
    """Lines on their way to somebody who takes them as fast as they like; ``left_out`` is the line
    in place of those that came too fast.
    """

    def __init__(self, left_out: L) -> None:
        self._left_out = left_out
        self._lines: deque[L] = deque()
        self._waiting: Deferred[None] | None = None
        self._has_ended = False

    def put(self, line: L) -> None:
        """Take a line, unless the queue has ended."""
        if self._has_ended:
            return
        if len(self._lines) < _BEHIND:
            self._lines.append(line)
        elif self._lines[-1] != self._left_out:
            self._lines.append(self._left_out)
        self._wake()

    def end(self, result: object) -> object:
        """No more lines come; passes ``result`` on."""
        self._has_ended = True
        self._wake()
        return result

    async def taken(self) -> tuple[L, ...]:
        """The next lines; none at the end."""
        if not self._lines and not self._has_ended:
            self._waiting = Deferred()
            await self._waiting
        lines = tuple(self._lines)
        self._lines.clear()
        return lines

    async def taken_within(self, clock: IReactorTime, seconds: float) -> tuple[L, ...] | None:
        """The next lines; empty if none came in this time, and None at the end."""
        late = clock.callLater(seconds, self._wake)
        try:
            lines = await self.taken()
        finally:
            if late.active():
                late.cancel()
        return None if self._has_ended and not lines else lines

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.called:
            waiting.callback(None)
