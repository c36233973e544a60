"""Going over values, and taking them apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.bounds import check_range
from clace.starlark.values.host import HostObject
from clace.starlark.values.keys import from_key, keys_of
from clace.starlark.values.locks import lock, unlock
from clace.starlark.values.sequences import BytesElements, StringCodepoints, StringElements
from clace.starlark.values.sets import Set
from clace.starlark.values.types import type_name

_AS_THEY_ARE = frozenset({list, tuple, range})
_LOCKED = frozenset({list, dict, Set})
_OTHERS = frozenset({Set, StringElements, StringCodepoints, BytesElements})
_SIZED = frozenset({list, tuple, range, dict})


def items_of(value: Any) -> Any:
    """Something of Python's to loop over; a list is itself, so it must not change meanwhile.

    :raises Failure: if the value cannot be looped over.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:
        return keys_of(value)
    if kind is Set:
        return keys_of(value.items)
    if kind is StringElements or kind is StringCodepoints:
        return value.items()
    if kind is BytesElements:
        return value.data
    if isinstance(value, HostObject):
        return value.iterate()
    raise Failure(f"{type_name(value)} value is not iterable")


def is_iterable(value: Any) -> bool:
    """Return true if a program may loop over the value."""
    kind = type(value)
    if kind in _SIZED or kind in _OTHERS:
        return True
    return isinstance(value, HostObject) and type(value).iterate is not HostObject.iterate


def need_iterable(value: Any) -> Any:
    """The items of an argument.

    :raises Failure: if it cannot be looped over.
    """
    if not is_iterable(value):
        raise Failure(f"got {type_name(value)}, want iterable")
    return items_of(value)


def begin(value: Any) -> Any:
    """The items for a loop that may change values: until ``unlock`` this one must not change."""
    items = items_of(value)
    if type(value) in _LOCKED:
        lock(value)
    return items


def guarded(value: Any) -> Iterable[Any]:
    """``begin`` and ``unlock`` for a comprehension."""
    items = items_of(value)
    return _guarded(value, items) if type(value) in _LOCKED else items


def _guarded(value: Any, items: Iterable[Any]) -> Iterator[Any]:
    try:
        lock(value)
        yield from items
    finally:
        unlock(value)


def length_of(value: Any) -> int:
    """The number of items, or -1 if the value cannot say."""
    kind = type(value)
    if kind in _SIZED or kind is bytes:
        return len(value)
    if kind is str:
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogateescape"))
    if kind is Set:
        return len(value.items)
    if kind is StringElements:
        return length_of(value.string)
    if isinstance(value, HostObject):
        length = value.length()
        return -1 if length is None else length
    return -1


def unpack(value: Any, count: int) -> Any:
    """Exactly ``count`` items for as many variables.

    :raises Failure: if there are more or fewer.
    """
    kind = type(value)
    if kind is tuple or kind is list or kind is range:
        if len(value) == count:
            return value
        items = value
    else:
        if not is_iterable(value):
            raise Failure(f"got {type_name(value)} in sequence assignment")
        items = list(items_of(value))
        if len(items) == count:
            return items
    if len(items) > count:
        size = length_of(value)
        raise Failure(f"too many values to unpack (got {size}, want {count})")
    raise Failure(f"too few values to unpack (got {len(items)}, want {count})")


def unpack_each(items: Iterable[Any], count: int, clause: int) -> Iterator[Any]:
    """``unpack`` for each turn of a comprehension.

    :raises Failure: as ``unpack`` does; its ``entry`` is the number of the clause.
    """
    for item in items:
        try:
            unpacked = unpack(item, count)
        except Failure as failure:
            failure.entry = clause
            raise
        yield unpacked


def star(value: Any) -> Any:
    """The items of ``*value`` in a call."""
    if not is_iterable(value):
        raise Failure(f"argument after * must be iterable, not {type_name(value)}")
    return check_range(items_of(value))


def double_star(value: Any) -> dict[str, Any]:
    """The named arguments of ``**value`` in a call."""
    if type(value) is not dict:
        raise Failure(f"argument after ** must be a mapping, not {type_name(value)}")
    for key in value:
        if type(key) is not str:
            raise Failure(f"keywords must be strings, not {type_name(from_key(key))}")
    return value
