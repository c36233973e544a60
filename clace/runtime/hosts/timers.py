"""Many timers for one of the reactor's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct
from twisted.internet.interfaces import IDelayedCall, IReactorTime


class TimedCall(Struct, eq=False):
    """A call that is due at ``until``; ``others`` are all calls of its row."""

    until: float
    late: Callable[[], object]
    others: dict[TimedCall, None]

    def getTime(self) -> float:
        """Return the time at which it is called, as Twisted's delayed calls do."""
        return self.until

    def active(self) -> bool:
        """Return true until it is called or cancelled."""
        return self in self.others

    def cancel(self) -> None:
        """Never call."""
        self.others.pop(self, None)


class Timers:
    """A clock whose calls cost less than the reactor's, above all those that never come.

    Calls that are equally far ahead when they are made come in their order, so each such row needs
    to be looked at from its start only.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._rows: dict[float, dict[TimedCall, None]] = {}
        self._look_call: IDelayedCall | None = None
        self._look_at = 0.0
        self.seconds = clock.seconds

    def callLater(self, seconds: float, late: Callable[..., object], *arguments: Any) -> TimedCall:
        """Call ``late`` in so many seconds."""
        row = self._rows.get(seconds)
        if row is None:
            row = self._rows[seconds] = {}
        call = partial(late, *arguments) if arguments else late
        timer = TimedCall(self.seconds() + seconds, call, row)
        row[timer] = None
        if self._look_call is None or timer.until < self._look_at:
            self._look_again()
        return timer

    def stop(self) -> None:
        """Call nothing any more."""
        self._rows.clear()
        self._look_again()

    def _look(self) -> None:
        self._look_call = None
        try:
            for row in list(self._rows.values()):
                self._call_due(row)
        finally:
            self._look_again()

    def _call_due(self, row: dict[TimedCall, None]) -> None:
        now = self.seconds()
        while row:
            timer = next(iter(row))
            if timer.until > now:
                return
            del row[timer]
            timer.late()

    def _look_again(self) -> None:
        """Come back when the first call is due, and never if none is left."""
        self._rows = {seconds: row for seconds, row in self._rows.items() if row}
        if self._look_call is not None:
            self._look_call.cancel()
            self._look_call = None
        if self._rows:
            self._look_at = min(next(iter(row)).until for row in self._rows.values())
            self._look_call = self._clock.callLater(
                max(0.0, self._look_at - self.seconds()), self._look
            )
