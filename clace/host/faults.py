"""Faults of an app, in the app's own terms."""

from __future__ import annotations

from msgspec import Struct

from clace.host.advice import advised, runtime_advice
from clace.model import Fault
from clace.starlark import EvalError, Failure, Frame, SourceError, StarlarkError

OUT_OF_MEMORY = "the app ran out of memory or crashed the interpreter"
_TOP = "<toplevel>"
_LONGEST = 8000


class NotApproved(Failure):
    """The app loads a plugin that was not approved for it."""

    code = "app_not_approved"


class SourcePlace(Struct, frozen=True):
    """A place in the source; ``function`` is empty at the top level, the rest may be unknown."""

    file: str = ""
    line: int = 0
    column: int = 0
    function: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = SourcePlace()


class ImpossibleCall(Exception):
    """A request of an app that is not possible; ends the handler."""

    def __init__(self, message: str, place: SourcePlace = NOWHERE) -> None:
        super().__init__(message)
        self.place = place


class AppFault(Exception):
    """A failure of an app: what to tell, shortened if the app made it long, and where it was."""

    def __init__(
        self,
        message: str,
        place: SourcePlace = NOWHERE,
        code: str = "app_failed",
        route: str = "",
    ) -> None:
        self.message = _sendable(message)
        super().__init__(self.message)
        self.place = place
        self.code = code
        self.route = route

    @property
    def as_sent(self) -> Fault:
        """The failure as it is sent to the daemon."""
        place = str(self.place) if self.place.file else ""
        return Fault(message=self.message, code=self.code, place=place, route=self.route)

    def located(self) -> str:
        """The text with the place in front, as for a file that does not load."""
        return f"{self.place}: {self.message}" if self.place.file else self.message

    def traced(self) -> str:
        """The text with function and place behind it, as for a handler in dev mode."""
        if not self.place.file or str(self.place) in self.message:
            return self.message
        return f"{self.message} : Function {self.place.function}, Position {self.place}"


def _sendable(message: str) -> str:
    """The message as a frame can hold it: of bounded length, and whole characters."""
    shown = message[:_LONGEST].encode("utf-8", "replace").decode()
    return shown if len(message) <= _LONGEST else f"{shown}... ({len(message)} characters)"


def place_of(frame: Frame) -> SourcePlace:
    """Return the place of a call."""
    at = frame.position
    function = "" if frame.function == _TOP else frame.function
    return SourcePlace(at.file, at.line, at.column, function)


def fault_of(error: StarlarkError) -> AppFault:
    """The fault that an error of the interpreter is, at its innermost place."""
    if isinstance(error, SourceError):
        at = error.position
        return AppFault(error.message, SourcePlace(at.file, at.line, at.column))
    if not isinstance(error, EvalError) or not error.frames:
        return AppFault(error.message)
    place = place_of(error.frames[-1])
    if isinstance(error.cause, MemoryError):
        return AppFault(OUT_OF_MEMORY, place, "app_crashed")
    code = error.cause.code if isinstance(error.cause, NotApproved) else "app_failed"
    return AppFault(advised(error.message, runtime_advice(error.message)), place, code)
