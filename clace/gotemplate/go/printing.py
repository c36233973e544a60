"""Values as text: Go's ``fmt.Sprint`` and the ``%v`` of every kind of value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.floats import shortest
from clace.gotemplate.go.formatting import Flags
from clace.gotemplate.go.types import string_method
from clace.gotemplate.go.values import NOVALUE, Record, URLValues, type_name

MAX_NESTING: Final = 100
MAX_ITEMS: Final = 250_000
MAX_TEXT: Final = 16_000_000


def sprint(values: Iterable[Any]) -> str:
    """Values side by side, a space between two that are not strings."""
    pieces: list[str] = []
    text_before = False
    for index, value in enumerate(values):
        is_text = isinstance(value, str)
        if index and not is_text and not text_before:
            pieces.append(" ")
        pieces.append(text_of(value))
        text_before = is_text
    return "".join(pieces)


def sprintln(values: Iterable[Any]) -> str:
    """Values with a space between each two, and a newline."""
    return " ".join(map(text_of, values)) + "\n"


def text_of(value: Any) -> str:
    """``%v`` of one value."""
    text = _simple(value)
    return _Text().of(value) if text is None else text


def _simple(value: Any) -> str | None:
    """The text of a value that holds no others."""
    kind = type(value)
    if kind is str or kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return shortest(value)
    if value is None or value is NOVALUE:
        return "<nil>"
    text = string_method(value)
    if text is None and isinstance(value, str):
        return str.__str__(value)
    return int.__repr__(value) if text is None and isinstance(value, int) else text


class _Text:
    """Nested values: a cycle or a tree that shares its branches ends in an error."""

    def __init__(self) -> None:
        self._depth = 0
        self._items = 0
        self._characters = 0

    def of(self, value: Any) -> str:
        text = _simple(value)
        if text is not None:
            self._characters += len(text)
            if self._characters > MAX_TEXT:
                raise CallFault("value is too long to print")
            return text
        self._items += 1
        if self._depth >= MAX_NESTING or self._items > MAX_ITEMS:
            raise CallFault("value is nested too deeply to print")
        self._depth += 1
        text = self._composite(value)
        self._depth -= 1
        return text

    def _composite(self, value: Any) -> str:
        if isinstance(value, (list, tuple)):
            self._items += len(value)
            return f"[{' '.join(map(self.of, value))}]"
        if isinstance(value, (dict, URLValues)):
            entries = value.entries if isinstance(value, URLValues) else value
            self._items += len(entries)
            shown = [f"{key}:{self.of(entries[key])}" for key in sorted(entries)]
            return f"map[{' '.join(shown)}]"
        if isinstance(value, Record):
            return f"{{{' '.join(map(self.of, value.fields.values()))}}}"
        if isinstance(value, complex):
            real, imaginary = Flags().number(value.real, "g", -1), Flags(plus=True)
            return f"({real}{imaginary.number(value.imag, 'g', -1)}i)"
        return f"?{type_name(value)}?"
