"""The one deadline of a connection, which most requests move."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

_NOW = 0.001


class RestartableTimer:
    """Calls ``late`` when the time last set is up.

    To set a later time, or none, costs nothing: the call for the time before still comes, and is
    then made again for what is left.
    """

    def __init__(self, clock: IReactorTime, late: Callable[[], object]) -> None:
        self._clock = clock
        self._late = late
        self._until: float | None = None
        self._call: IDelayedCall | None = None
        self._comes_at = 0.0

    def set(self, seconds: float | None) -> None:
        """Call ``late`` in ``seconds`` and no longer at the time set before; ``None`` for never."""
        if seconds is None:
            self._until = None
            return
        until = self._until = self._clock.seconds() + seconds
        if self._call is None:
            self._call = self._clock.callLater(seconds, self._look)
            self._comes_at = until
        elif self._comes_at > until:
            self._call.reset(seconds)
            self._comes_at = until

    def cancel(self) -> None:
        """Never call again, and let go of whoever would be called: no cycle keeps it in memory."""
        self._until = None
        self._late = _nobody
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _look(self) -> None:
        self._call = None
        if self._until is None:
            return
        left = self._until - self._clock.seconds()
        if left > _NOW:
            self._call = self._clock.callLater(left, self._look)
            self._comes_at = self._until
        else:
            self._until = None
            self._late()


def _nobody() -> None:
    """Nothing is late any more."""
