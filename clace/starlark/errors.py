"""The errors of Starlark programs: a source that is refused, and a computation that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a source file; lines and columns (in characters) begin at 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Frame:
    """One call on the stack of a failed computation: the function, and where it was."""

    function: str
    position: Position


class StarlarkError(Exception):
    """A program cannot be used; ``message`` says why, without the place."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SourceError(StarlarkError):
    """A source that cannot be compiled; ``others`` are further errors in the same file."""

    def __init__(
        self, message: str, position: Position, others: Sequence[SourceError] = ()
    ) -> None:
        super().__init__(message)
        self.position = position
        self.others = tuple(others)

    def __str__(self) -> str:
        return f"{self.position}: {self.message}"


class EvalError(StarlarkError):
    """A computation that failed; ``frames`` is the call stack, the outermost call first.

    ``cause`` is the exception that ended it, such as a ``Failure`` of a host's own.
    """

    def __init__(
        self, message: str, frames: Sequence[Frame] = (), cause: Exception | None = None
    ) -> None:
        super().__init__(message)
        self.frames = tuple(frames)
        self.cause = cause

    @property
    def position(self) -> Position | None:
        """The innermost place in a source file."""
        return self.frames[-1].position if self.frames else None

    def backtrace(self) -> str:
        """The call stack and the message, as lines of text."""
        lines = ["Traceback (most recent call last):"]
        lines += [f"  {frame.position}: in {frame.function}" for frame in self.frames]
        return "\n".join([*lines, f"Error: {self.message}"])

    def __str__(self) -> str:
        return f"{self.position}: {self.message}" if self.frames else self.message


class Failure(Exception):
    """An operation on values failed; becomes an ``EvalError`` where the program was entered.

    ``entry`` is the number of the entry of a dict display that failed, or of the clause of a
    comprehension.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.entry: int | None = None


class Interrupt(BaseException):
    """Ends a computation from outside, such as at its deadline; programs cannot catch it."""
