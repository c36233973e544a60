"""The texts of values that print themselves: Go's Stringers and text marshalers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_STRINGERS: Final[dict[type, Callable[[Any], str]]] = {}


_STRUCTS: Final[dict[type, Callable[[Any], list[Any]]]] = {}
_JSON: Final[dict[type, Callable[[Any], str]]] = {}


def string_method(value: Any) -> str | None:
    """Return the text of the value's ``String`` method, or None if it lacks one."""
    method = _STRINGERS.get(type(value))
    return None if method is None else method(value)


def json_method(value: Any) -> str | None:
    """The text that stands for the value in JSON; None if the value has no say in it."""
    method = _JSON.get(type(value))
    return None if method is None else method(value)


def json_texter(kind: type, method: Callable[[Any], str]) -> None:
    """Give the values of one exact type a text in JSON."""
    _JSON[kind] = method


def struct_fields(value: Any) -> list[Any] | None:
    """The fields behind a pointer to a struct, for verbs that do not take its text."""
    view = _STRUCTS.get(type(value))
    return None if view is None else view(value)


def pointer_view(kind: type, view: Callable[[Any], list[Any]]) -> None:
    """Say what the structs hold to which the values of one exact type point."""
    _STRUCTS[kind] = view


def stringer(kind: type, method: Callable[[Any], str]) -> None:
    """Give the values of one exact type a text of their own."""
    _STRINGERS[kind] = method
