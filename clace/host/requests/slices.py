"""The time of an app's code: a slice, after which others go on, and a deadline, at which it ends.

A timer signal interrupts the code without a check in its loops. What runs then may be in the
middle of something that must be finished; the handler looks, and comes back a little later.
Templates look at the clock themselves, and can say where they were late; what they call does not.
"""

from __future__ import annotations

import atexit
import signal
import time
from collections.abc import Callable
from types import FrameType

from clace.gotemplate import is_rendering
from clace.starlark import Interrupt, may_interrupt

SLICE = 0.010
HASTE = 0.001
SOON = 0.0002
GRACE = 0.25
_VALUES = "clace.host.ace.values"


class DeadlinePassed(Interrupt):
    """The time of a request, or of loading, is over."""


def _nobody_waits() -> None:
    """Return at once: no other request could go on."""


def _in_no_hurry() -> bool:
    return False


class Slices:
    """One timer for the code that runs now; ``suspend`` lets others go on and then returns.

    Most code ends long before its slice does. The timer that was set for it stays for the code
    that comes next: to set it anew is a system call, a signal for nothing a slice costs less.
    """

    def __init__(
        self,
        suspend: Callable[[], None] = _nobody_waits,
        hurries: Callable[[], bool] = _in_no_hurry,
    ) -> None:
        """``hurries`` tells whether others wait for more than their turn: the slice is short."""
        self._suspend = suspend
        self._hurries = hurries
        self._deadline = 0.0
        self._slice_end = 0.0
        self._fires_at = 0.0
        self._on = False

    def install(self) -> None:
        """Take the process's timer signal.

        A timer that is left would end the process while it ends, when Python handles no signals.
        """
        signal.signal(signal.SIGALRM, self._fired)
        atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)

    def begin(self, deadline: float) -> None:
        """Interrupt what runs from now on: after each slice, and at ``deadline``."""
        now = time.monotonic()
        self._deadline = deadline
        self._on = True
        end = now + (HASTE if self._hurries() else SLICE)
        self._slice_end = min(end, deadline) if deadline > now else end
        if not now < self._fires_at <= self._slice_end:
            self._fire_at(self._slice_end, now)

    def extend(self, deadline: float) -> None:
        """Give the code that runs now until ``deadline``."""
        self._deadline = deadline

    def pause(self) -> float:
        """Interrupt nothing until ``resume`` is called with what this returns."""
        deadline = self._deadline if self._on else 0.0
        self._on = False
        return deadline

    def resume(self, deadline: float) -> None:
        """Go on as before ``pause``, with the deadline that was."""
        if deadline:
            self.begin(deadline)

    def end(self) -> None:
        """Interrupt nothing any more."""
        self._on = False

    def _fired(self, _number: int, frame: FrameType | None) -> None:
        """Let others go on.

        :raises DeadlinePassed: in the code that was interrupted, if its time is over.
        """
        self._fires_at = 0.0
        if not self._on:
            return
        now, deadline = time.monotonic(), self._deadline
        if now < self._slice_end:
            self._fire_at(self._slice_end, now)
            return
        grace = _grace_of(frame)
        if grace is None:
            self._fire_at(now + SOON, now)
            return
        self.end()
        if now < deadline + grace:
            self._suspend()
        if time.monotonic() >= deadline + grace:
            raise DeadlinePassed
        self.begin(deadline)

    def _fire_at(self, moment: float, now: float) -> None:
        self._fires_at = max(moment, now + SOON)
        signal.setitimer(signal.ITIMER_REAL, self._fires_at - now)


def _grace_of(frame: FrameType | None) -> float | None:
    """The time that code has after its deadline; nothing for code that must not be interrupted."""
    if frame is None:
        return None
    if may_interrupt(frame) or frame.f_globals.get("__name__") == _VALUES:
        return 0.0
    return GRACE if is_rendering(frame) else None


def own_slices() -> Slices:
    """A timer for an app that has the process to itself."""
    slices = Slices()
    slices.install()
    return slices
