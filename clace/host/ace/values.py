"""Values of an app as plain ones, for templates, JSON and the daemon."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from types import FunctionType
from typing import Any

from clace.host.ace.entries import Entry
from clace.host.faults import AppFault
from clace.starlark.library import Struct
from clace.starlark.values.keys import from_key
from clace.starlark.values.sets import Set
from clace.starlark.values.text import from_bytes, replaced
from clace.starlark.values.types import type_name

_SCALARS: frozenset[type] = frozenset({str, int, bool, float, type(None)})
_KEYS: frozenset[type] = frozenset({str})
_ROWS: set[type] = {dict}
_MAX_DEPTH = 200
_MAX_WHOLE = 1e21


class Declared(Struct):
    """A value that a function of ``ace`` returned; ``kind`` is the function."""

    __slots__ = ("kind",)

    def __init__(self, kind: str, **fields: object) -> None:
        super().__init__(fields)
        self.kind = kind

    def get(self, name: str) -> Any:
        return self._fields[name]


def plain(value: Any) -> Any:
    """The value without any type of Starlark's or ours; itself if it has none.

    :raises AppFault: if something in it has no plain form.
    """
    return value if type(value) in _SCALARS else _plain(value, 0)


def _plain(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise AppFault("the value is nested too deeply")
    convert = _CONVERSIONS.get(type(value))
    if convert is None:
        raise AppFault(f"unrecognized starlark type: {_described(value)}")
    return convert(value, depth + 1)


def _described(value: Any) -> str:
    if isinstance(value, FunctionType):
        return "function"
    if isinstance(value, Declared):
        return "struct of the ace module inside a value"
    return type_name(value)


def _dict(value: dict[Any, Any], depth: int) -> dict[Any, Any]:
    """The dict itself where all in it is plain."""
    if _SCALARS.issuperset(map(type, value.values())) and _KEYS.issuperset(map(type, value)):
        return value
    return {
        from_key(key): item if type(item) in _SCALARS else _plain(item, depth)
        for key, item in value.items()
    }


def _list(value: Any, depth: int) -> list[Any]:
    if _SCALARS.issuperset(map(type, value)) or _is_table(value):
        return value if type(value) is list else list(value)
    return [item if type(item) in _SCALARS else _plain(item, depth) for item in value]


def _is_table(rows: Any) -> bool:
    """Return true for dicts in which all is plain."""
    return (
        set(map(type, rows)) == _ROWS
        and _SCALARS.issuperset(map(type, chain.from_iterable(map(dict.values, rows))))
        and _KEYS.issuperset(map(type, chain.from_iterable(rows)))
    )


def _fields(value: Struct, depth: int) -> dict[str, Any]:
    return _dict({name: value.attribute(name) for name in value.attribute_names()}, depth)


def _set(value: Set, depth: int) -> list[Any]:
    return _list([from_key(key) for key in value.items], depth)


_CONVERSIONS: dict[type, Callable[[Any, int], Any]] = {
    **dict.fromkeys(_SCALARS, lambda value, _depth: value),
    dict: _dict,
    list: _list,
    tuple: _list,
    Struct: _fields,
    Entry: lambda value, depth: _dict(value.fields, depth),
    Set: _set,
    bytes: lambda value, _depth: from_bytes(value),
}


def whole_numbers(value: Any) -> Any:
    """The value with its floats as Go writes them in JSON: without a fraction if they have none."""
    kind = type(value)
    if kind is float:
        return int(value) if value.is_integer() and abs(value) < _MAX_WHOLE else value
    if kind is dict:
        return {key: whole_numbers(item) for key, item in value.items()}
    return [whole_numbers(item) for item in value] if kind is list else value


def readable(value: Any) -> Any:
    """A plain value with U+FFFD for bytes that are not UTF-8."""
    if isinstance(value, str):
        return replaced(value)
    if isinstance(value, dict):
        return {readable(key): readable(item) for key, item in value.items()}
    return [readable(item) for item in value] if isinstance(value, list | tuple) else value
