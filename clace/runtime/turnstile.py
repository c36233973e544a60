"""A queue with a length and a deadline, in front of an app that can do only so much at once."""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.internet.defer import Deferred

from clace.errors import AppBusy
from clace.runtime.limits import over


class Turnstile:
    """Lets ``width`` in at a time; ``length`` more wait their turn for ``seconds``."""

    def __init__(self, clock: Any, width: int, length: int, seconds: float) -> None:
        self._clock = clock
        self._width = self._free = width
        self._length = length
        self._seconds = seconds
        self._queue: deque[Deferred[None]] = deque()

    async def enter(self) -> None:
        """:raises AppBusy: the queue is full, or the turn did not come in time."""
        if self._free > 0:
            self._free -= 1
            return
        if len(self._queue) >= self._length:
            raise self._busy("too many requests are waiting")
        turn: Deferred[None] = Deferred(self._leave_queue)
        self._queue.append(turn)
        late = self._clock.callLater(self._seconds, self._give_up, turn)
        try:
            await turn
        finally:
            if late.active():
                late.cancel()

    def leave(self) -> None:
        """Whoever was let in is done."""
        self._free += 1
        self._let_in()

    def change(self, width: int, length: int, seconds: float) -> None:
        """Let another number in from now on; nobody who is in or waits is sent away."""
        self._free += width - self._width
        self._width, self._length, self._seconds = width, length, seconds
        self._let_in()

    def _let_in(self) -> None:
        while self._queue and self._free > 0:
            self._free -= 1
            self._queue.popleft().callback(None)

    def _leave_queue(self, turn: Deferred[None]) -> None:
        if turn in self._queue:
            self._queue.remove(turn)

    def _give_up(self, turn: Deferred[None]) -> None:
        self._leave_queue(turn)
        turn.errback(self._busy(f"no turn within {self._seconds:g} seconds"))

    def _busy(self, why: str) -> AppBusy:
        return over("concurrent_requests", AppBusy(f"the app is busy: {why}"))
