"""Allowances for each minute, of log lines or processor seconds."""

from __future__ import annotations

from typing import Any

_WINDOW_SECONDS = 60


class MinuteQuota:
    """A per-minute allowance of log lines or CPU seconds."""

    def __init__(self, clock: Any, amount: float) -> None:
        self._clock = clock
        self.amount = amount
        self._since: float = clock.seconds()
        self._used: float = 0
        self._ended = False

    def take(self, amount: float = 1) -> bool:
        """Use an amount; return true if that much was left."""
        self._begin_anew()
        self._used += amount
        return self._used <= self.amount

    @property
    def is_used_up(self) -> bool:
        """Return true if more was taken than there was."""
        if self._used <= self.amount:
            return False  # in this minute or any other
        self._begin_anew()
        return self._used > self.amount

    def ends_now(self) -> bool:
        """Return true if it is used up, once in a minute."""
        told, self._ended = self._ended, self.is_used_up
        return self._ended and not told

    @property
    def seconds_left(self) -> float:
        """Return the seconds until the next minute begins."""
        return max(0.0, self._since + _WINDOW_SECONDS - float(self._clock.seconds()))

    def _begin_anew(self) -> None:
        now = self._clock.seconds()
        if now - self._since >= _WINDOW_SECONDS:
            self._since, self._used, self._ended = now, 0, False
