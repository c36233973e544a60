"""The time that a host may still take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _nobody() -> None:
    """Tell nobody."""


class PausableTimeout:
    """Calls ``late`` when the time is used up that passes between ``start`` and ``stop``."""

    def __init__(self, clock: Any, seconds: float, late: Callable[[], None]) -> None:
        self._clock = clock
        self._most = seconds
        self._left = seconds
        self._late = late
        self._timer: Any = None

    def start(self) -> None:
        """Time passes from now on."""
        if self._timer is None:
            self._timer = self._clock.callLater(self._left, self._late)

    def stop(self) -> None:
        """No time passes until it is started again."""
        if self._timer is None:
            return
        timer, self._timer = self._timer, None
        self._left = max(0.0, timer.getTime() - self._clock.seconds())
        if timer.active():
            timer.cancel()

    def end(self) -> None:
        """Stop for good, and keep nothing of whom it would have been told to."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        self._late = _nobody

    def add(self, seconds: float) -> None:
        """So much more, but never more than at first."""
        runs = self._timer is not None
        self.stop()
        self._left = min(self._most, self._left + seconds)
        if runs:
            self.start()
