"""The time after which a program that failed may be started again."""

from __future__ import annotations

from typing import Any

from clace.errors import ProgramFailed

_LONGEST = 60
_SETTLED = 60


class BackOff:
    """Doubles the time between starts, from a second to a minute; one who ran well may start at
    once.
    """

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self.why = ""

    def check(self) -> None:
        """:raises ProgramFailed: if it is too early; says why it failed before."""
        left = self.left
        if left > 0:
            early = ProgramFailed(self.why)
            early.retry_after = left
            raise early

    @property
    def left(self) -> float:
        """Return the seconds in which it may not be started yet; 0 if it may."""
        left: float = self._until - self._clock.seconds()
        return max(left, 0)

    def started(self) -> None:
        """It runs: forget why it did not before."""
        self.why = ""

    def failed(self, why: str) -> None:
        """It did not start."""
        self.why = why
        self._wait(self._failures)
        self._failures += 1

    def ended(self, why: str, age: float) -> None:
        """It ended by itself after so many seconds: the first time it is started again at once."""
        self.why = why
        if age >= _SETTLED:
            self._failures = 0
        if self._failures:
            self._wait(self._failures - 1)
        self._failures += 1

    def forget(self) -> None:
        """Let it start at once."""
        self._failures, self._until, self.why = 0, 0.0, ""

    def _wait(self, doublings: int) -> None:
        self._until = self._clock.seconds() + min(_LONGEST, 1 << min(doublings, 10))
