"""The one error that leaves this package."""

from __future__ import annotations


class TemplateError(Exception):
    """A template that cannot be compiled or rendered; ``str()`` is Go's own wording.

    ``name`` is the file, ``line`` counts from 1, ``column`` is a byte offset in that line as in Go
    and ``action`` is the text of the failing node; unknown ones are 0 or empty.
    """

    def __init__(
        self,
        message: str,
        *,
        name: str = "",
        line: int = 0,
        column: int = 0,
        action: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.line = line
        self.column = column
        self.action = action


class LimitError(TemplateError):
    """A render that asked for more output, steps, depth or time than its limits allow."""
