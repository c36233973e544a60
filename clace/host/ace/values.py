"""Values of an app as plain ones, for templates, JSON and the daemon."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from types import FunctionType
from typing import Any

from clace.host.ace.entries import EntryValue
from clace.host.advice import advised
from clace.host.faults import AppFault
from clace.starlark import Set, Struct, from_bytes, from_key, replaced, type_name

_SCALARS: frozenset[type] = frozenset({str, int, bool, float, type(None)})
_KEYS: frozenset[type] = frozenset({str})
_ROWS: frozenset[type] = frozenset({dict})
_ADVICE = {
    "function": "call it",
    "range": "list(x) makes a list",
    "response": "take its value, or what a loop over it gives: [x for x in response]",
}
_MAX_DEPTH = 200
_MAX_WHOLE = 1e21


class AceValue(Struct):
    """A value that a function of ``ace`` returned; ``kind`` is the function."""

    __slots__ = ("kind",)

    def __init__(self, kind: str, **fields: object) -> None:
        super().__init__(fields)
        self.kind = kind

    def get(self, name: str) -> Any:
        return self._fields[name]


def is_call(value: Any) -> bool:
    """Return true for a declared call of a plugin, which is made when the app is loaded."""
    return isinstance(value, AceValue) and value.kind == "call"


class _Plain:
    """Makes values plain; those of the types ``kept`` are themselves."""

    def __init__(self, kept: frozenset[type]) -> None:
        self._kept = kept
        self._conversions: dict[type, Callable[[Any, int], Any]] = {
            **dict.fromkeys(kept, lambda value, _depth: value),
            dict: self._dict,
            list: self._list,
            tuple: self._list,
            Struct: self._fields,
            EntryValue: lambda value, depth: self._dict(value.fields, depth),
            Set: self._set,
            bytes: lambda value, _depth: from_bytes(value),
        }
        self._conversions.setdefault(float, lambda value, _depth: _whole(value))

    def of(self, value: Any) -> Any:
        """The value itself if nothing in it is of another type."""
        kind = type(value)
        if kind in self._kept:
            return value
        return self._dict(value, 1) if kind is dict else self._converted(value, 0)

    def _converted(self, value: Any, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise AppFault("the value is nested too deeply")
        convert = self._conversions.get(type(value))
        if convert is None:
            kind = _described(value)
            raise AppFault(advised(f"unrecognized starlark type: {kind}", _ADVICE.get(kind, "")))
        return convert(value, depth + 1)

    def _dict(self, value: dict[Any, Any], depth: int) -> dict[Any, Any]:
        """The dict itself where all in it is plain."""
        kept = self._kept
        if kept.issuperset(map(type, value.values())) and _KEYS.issuperset(map(type, value)):
            return value
        return {
            from_key(key): item if type(item) in kept else self._converted(item, depth)
            for key, item in value.items()
        }

    def _list(self, value: Any, depth: int) -> list[Any]:
        kept = self._kept
        if kept.issuperset(map(type, value)) or self._is_table(value):
            return value if type(value) is list else list(value)
        return [item if type(item) in kept else self._converted(item, depth) for item in value]

    def _is_table(self, rows: Any) -> bool:
        """Return true for dicts in which all is plain."""
        return (
            _ROWS.issuperset(map(type, rows))
            and self._kept.issuperset(map(type, chain.from_iterable(map(dict.values, rows))))
            and _KEYS.issuperset(map(type, set().union(*rows)))
        )

    def _fields(self, value: Struct, depth: int) -> dict[str, Any]:
        fields = {name: value.attribute(name) for name in value.attribute_names()}
        return self._dict(fields, depth)

    def _set(self, value: Set, depth: int) -> list[Any]:
        return self._list([from_key(key) for key in value.items], depth)


def _described(value: Any) -> str:
    if isinstance(value, FunctionType):
        return "function"
    if isinstance(value, AceValue):
        return "struct of the ace module inside a value"
    return type_name(value)


def _whole(value: float) -> float:
    """The number as Go writes it in JSON: without a fraction if it has none."""
    return int(value) if value.is_integer() and abs(value) < _MAX_WHOLE else value


plain = _Plain(_SCALARS).of
"""Return a value without any type of Starlark's or ours; itself if it has none.

:raises AppFault: if something in it has no plain form.
"""
plain_for_json = _Plain(_SCALARS - {float}).of
"""The same, with its floats as Go writes them in JSON."""


def readable(value: Any) -> Any:
    """A plain value with U+FFFD for bytes that are not UTF-8."""
    if isinstance(value, str):
        return replaced(value)
    if isinstance(value, dict):
        return {readable(key): readable(item) for key, item in value.items()}
    return [readable(item) for item in value] if isinstance(value, list | tuple) else value
