"""Values as text: Go's ``fmt.Sprint`` and the ``%v`` of every kind of value."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.floats import shortest
from clace.gotemplate.values import NOVALUE, Record, URLValues

MAX_NESTING: Final = 100


def sprint(values: Iterable[Any]) -> str:
    """Values side by side, a space between two that are not strings."""
    pieces: list[str] = []
    text_before = True
    for value in values:
        is_text = isinstance(value, str) and type(value).__name__ != "Stringer"
        if pieces and not is_text and not text_before:
            pieces.append(" ")
        pieces.append(text_of(value))
        text_before = is_text
    return "".join(pieces)


def sprintln(values: Iterable[Any]) -> str:
    """Values with a space between each two, and a newline."""
    return " ".join(map(text_of, values)) + "\n"


def text_of(value: Any, depth: int = 0) -> str:
    """``%v`` of one value."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is int:
        return str(value)
    if value is None or value is NOVALUE:
        return "<nil>"
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return shortest(value)
    return _composite(value, depth)


def _composite(value: Any, depth: int) -> str:
    if depth > MAX_NESTING:
        raise CallFault("value is nested too deeply to print")
    if isinstance(value, (list, tuple)):
        return "[" + " ".join([text_of(item, depth + 1) for item in value]) + "]"
    if isinstance(value, (dict, URLValues)):
        entries = value.entries if isinstance(value, URLValues) else value
        shown = [f"{key}:{text_of(entries[key], depth + 1)}" for key in sorted_keys(entries)]
        return "map[" + " ".join(shown) + "]"
    if isinstance(value, Record):
        return "{" + " ".join([text_of(item, depth + 1) for item in value.fields.values()]) + "}"
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int):
        return int.__str__(value)
    return "?"


def sorted_keys(entries: Iterable[str]) -> list[str]:
    """Keys in the order of their UTF-8 bytes, which is the order of their code points."""
    return sorted(entries)
