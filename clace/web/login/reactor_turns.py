"""Work that takes so much of each turn of the reactor and no more, so that others get theirs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

_SECONDS = 0.001
Work = Callable[[], object]


class ReactorTurns:
    """Does work at once, or in a later turn if that of this one has taken its time already.

    In their order; ``seconds`` is the time for each turn.
    """

    def __init__(self, clock: Any, seconds: float = _SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._left = seconds
        self._waiting: deque[Work] = deque()
        self._has_begun = False

    def take(self, work: Work) -> None:
        """Do it now or later."""
        if not self._has_begun:
            self._begin()
        if self._waiting or self._left <= 0:
            self._waiting.append(work)
        else:
            self._do(work)

    def _begin(self) -> None:
        """Begin a turn, and be called when it is over."""
        self._has_begun = True
        self._left = self._seconds
        self._clock.callLater(0, self._over)

    def _over(self) -> None:
        self._has_begun = False
        if not self._waiting:
            return
        self._begin()
        while self._waiting and self._left > 0:
            self._do(self._waiting.popleft())

    def _do(self, work: Work) -> None:
        began = self._clock.seconds()
        try:
            work()
        finally:
            self._left -= self._clock.seconds() - began
