"""How much an app may still write to the log."""

from __future__ import annotations

from typing import Any

_WINDOW_SECONDS = 60


class LogBudget:
    """So many lines in each minute; what is over is for nobody."""

    def __init__(self, clock: Any, lines: int) -> None:
        self._clock = clock
        self._lines = lines
        self._since = clock.seconds()
        self._written = 0

    def take(self) -> bool:
        """Whether one more line may be written."""
        now = self._clock.seconds()
        if now - self._since >= _WINDOW_SECONDS:
            self._since, self._written = now, 0
        self._written += 1
        return self._written <= self._lines

    @property
    def has_just_ended(self) -> bool:
        """Whether the line refused last was the first that was."""
        return self._written == self._lines + 1
