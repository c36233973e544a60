"""Checks that a process of ours still obeys: one that hangs would be waited for forever."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from clace.control_line import ControlLine

LOOK_SECONDS = 10
_MOST_UNANSWERED = 2
HUNG = "the process that starts programs did not answer and was ended"


class LivenessCheck:
    """Sends ``question`` every few seconds while the process is needed.

    ``needed`` returns the line to it, or ``None`` while nothing depends on an answer. ``hung`` is
    called with the line after too many questions without an answer.
    """

    def __init__(
        self,
        reactor: Any,
        seconds: float,
        question: bytes,
        needed: Callable[[], ControlLine | None],
        hung: Callable[[ControlLine], None],
    ) -> None:
        self._reactor = reactor
        self._seconds = seconds
        self._question = question
        self._needed = needed
        self._hung = hung
        self._unanswered = 0
        self._next: IDelayedCall | None = None

    def keep_looking(self) -> None:
        """Check in some seconds that the process still obeys, as long as it is needed."""
        if self._next is None and self._needed() is not None:
            self._next = self._reactor.callLater(self._seconds, self._look)

    def answered(self) -> None:
        """Forget the open questions: the process has answered, or is another from now on."""
        self._unanswered = 0

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _look(self) -> None:
        self._next = None
        line = self._needed()
        if line is not None and self._unanswered == _MOST_UNANSWERED:
            line.doRead()  # an answer may be there, if it was we who were slow
            line = self._needed()
        if line is not None:
            if self._unanswered == _MOST_UNANSWERED:
                self._hung(line)
            else:
                self._ask(line)
        self.keep_looking()

    def _ask(self, line: ControlLine) -> None:
        self._unanswered += 1
        with suppress(OSError):  # it reads nothing, which is what a later look finds
            line.send(self._question)
