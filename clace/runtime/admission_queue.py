"""A queue with a length and a deadline, in front of an app that can do only so much at once."""

from __future__ import annotations

from collections import deque
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred

from clace.errors import AppBusy
from clace.runtime.limits import limit_reached

# What the requests that an app works on may bring with them, together.
MOST_BYTES = 64 << 20
_RETRY_SECONDS = 1


class QueuePlace(Struct, eq=False):
    """One request in the queue, and how large it is."""

    size: int
    turn: Deferred[None]


class AdmissionQueue:
    """Lets ``width`` in at a time, with ``most_bytes`` together.

    ``length`` more wait their turn for ``seconds``.
    """

    def __init__(
        self, clock: Any, width: int, length: int, seconds: float, most_bytes: int = MOST_BYTES
    ) -> None:
        self._clock = clock
        self._width = width
        self._length = length
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._inside = 0
        self._bytes = 0
        self._queue: deque[QueuePlace] = deque()

    def enter_now(self, size: int = 0) -> bool:
        """Take part without a wait, if that is possible."""
        if self._queue or not self._has_room(size):
            return False
        self._inside += 1
        self._bytes += size
        return True

    async def enter(self, size: int = 0) -> None:
        """Take part; ``leave`` with the same size afterwards.

        :raises AppBusy: if the queue is full, or the turn does not come in time.
        """
        if self.enter_now(size):
            return
        if len(self._queue) >= self._length:
            raise self._busy("too many requests are waiting")
        place = QueuePlace(size, Deferred(lambda _: self._leave_queue(place)))
        self._queue.append(place)
        late = self._clock.callLater(self._seconds, self._give_up, place)
        try:
            await place.turn
        finally:
            if late.active():
                late.cancel()

    def leave(self, size: int = 0) -> None:
        """A request that was let in is done."""
        self._inside -= 1
        self._bytes -= size
        if self._queue:
            self._let_in()

    def change(self, width: int, length: int, seconds: float) -> None:
        """Let another number in from now on; nobody who is in or waits is sent away."""
        self._width, self._length, self._seconds = width, length, seconds
        self._let_in()

    def _has_room(self, size: int) -> bool:
        """One request alone is let in however large it is."""
        fits = self._bytes + size <= self._most_bytes or not self._inside
        return self._inside < self._width and fits

    def _take(self, size: int) -> None:
        self._inside += 1
        self._bytes += size

    def _let_in(self) -> None:
        while self._queue and self._has_room(self._queue[0].size):
            place = self._queue.popleft()
            self._take(place.size)
            place.turn.callback(None)

    def _leave_queue(self, place: QueuePlace) -> None:
        if place in self._queue:
            self._queue.remove(place)
            self._let_in()

    def _give_up(self, place: QueuePlace) -> None:
        self._leave_queue(place)
        place.turn.errback(self._busy(f"no turn within {self._seconds:g} seconds"))

    def _busy(self, why: str) -> AppBusy:
        busy = AppBusy(f"the app is busy: {why}", _RETRY_SECONDS)
        return limit_reached("concurrent_requests", busy)
