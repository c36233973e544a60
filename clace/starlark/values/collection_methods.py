"""The methods of lists and dicts."""

from __future__ import annotations

from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.arguments import bounds, need_int
from clace.starlark.values.bounds import check_range
from clace.starlark.values.comparison import equal
from clace.starlark.values.indexing import out_of_range
from clace.starlark.values.iteration import is_iterable, items_of, length_of, need_iterable
from clace.starlark.values.keys import from_key, keys_of, to_key
from clace.starlark.values.locks import check_mutable
from clace.starlark.values.registry import method
from clace.starlark.values.types import type_name

_MISSING: Any = object()
_PAIR = 2


def _named(function: str, failure: Failure) -> Failure:
    return Failure(f"{function}: {failure.message}")


def _mutable(value: Any, function: str, verb: str) -> None:
    try:
        check_mutable(value, verb)
    except Failure as failure:
        raise _named(function, failure) from None


def _key(function: str, key: Any) -> Any:
    try:
        return to_key(key)
    except Failure as failure:
        raise _named(function, failure) from None


@method(list)
def list_append(values: list[Any], value: Any, /) -> None:
    _mutable(values, "append", "append to")
    values.append(value)


@method(list)
def list_clear(values: list[Any], /) -> None:
    _mutable(values, "clear", "clear")
    values.clear()


@method(list)
def list_extend(values: list[Any], iterable: Any, /) -> None:
    try:
        items = check_range(need_iterable(iterable))
    except Failure as failure:
        raise Failure(f"extend: for parameter 1: {failure.message}") from None
    _mutable(values, "extend", "extend")
    values.extend(items)


@method(list)
def list_index(values: list[Any], value: Any, low: Any = None, high: Any = None, /) -> int:
    start, end = bounds(low, high, len(values), "index")
    for place in range(start, end):
        if equal(values[place], value):
            return place
    raise Failure("index: value not in list")


@method(list)
def list_insert(values: list[Any], index: Any, value: Any, /) -> None:
    place = need_int(index, "insert", 1)
    _mutable(values, "insert", "insert into")
    values.insert(place, value)


@method(list)
def list_pop(values: list[Any], index: Any = -1, /) -> Any:
    number = need_int(index, "pop", 1)
    place = number + len(values) if number < 0 else number
    if not 0 <= place < len(values):
        raise Failure(f"pop: {out_of_range(number, len(values), 'list')}")
    _mutable(values, "pop", "pop from")
    return values.pop(place)


@method(list)
def list_remove(values: list[Any], value: Any, /) -> None:
    _mutable(values, "remove", "remove from")
    for place, item in enumerate(values):
        if equal(item, value):
            del values[place]
            return
    raise Failure("remove: element not found")


@method(dict)
def dict_clear(mapping: dict[Any, Any], /) -> None:
    check_mutable(mapping, "clear")
    mapping.clear()


@method(dict)
def dict_get(mapping: dict[Any, Any], key: Any, default: Any = None, /) -> Any:
    return mapping.get(_key("get", key), default)


@method(dict)
def dict_keys(mapping: dict[Any, Any], /) -> list[Any]:
    return keys_of(mapping)


@method(dict)
def dict_values(mapping: dict[Any, Any], /) -> list[Any]:
    return list(mapping.values())


@method(dict)
def dict_items(mapping: dict[Any, Any], /) -> list[tuple[Any, Any]]:
    return [(from_key(key), value) for key, value in mapping.items()]


@method(dict)
def dict_pop(mapping: dict[Any, Any], key: Any, default: Any = _MISSING, /) -> Any:
    if mapping:
        hashed = _key("pop", key)
        _mutable(mapping, "pop", "delete from")
        if hashed in mapping:
            return mapping.pop(hashed)
    if default is _MISSING:
        raise Failure("pop: missing key")
    return default


@method(dict)
def dict_popitem(mapping: dict[Any, Any], /) -> tuple[Any, Any]:
    if not mapping:
        raise Failure("popitem: empty dict")
    _mutable(mapping, "popitem", "delete from")
    key = next(iter(mapping))
    return from_key(key), mapping.pop(key)


@method(dict)
def dict_setdefault(mapping: dict[Any, Any], key: Any, default: Any = None, /) -> Any:
    hashed = _key("setdefault", key)
    if hashed not in mapping:
        _mutable(mapping, "setdefault", "insert into")
        mapping[hashed] = default
    return mapping[hashed]


@method(dict, style="update")
def dict_update(mapping: dict[Any, Any], /, *updates: Any, **kwargs: Any) -> None:
    update(mapping, "update", updates, kwargs)


def update(
    mapping: dict[Any, Any], function: str, updates: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Put the entries of at most one mapping or sequence of pairs into a dict, then named ones."""
    if len(updates) > 1:
        raise Failure(f"{function}: got {len(updates)} arguments, want at most 1")
    pairs = _pairs(function, updates[0]) if updates else {}
    if pairs or kwargs:
        _mutable(mapping, function, "insert into")
    mapping.update(pairs)
    mapping.update(kwargs)


def _pairs(function: str, source: Any) -> dict[Any, Any]:
    if type(source) is dict:
        return source
    if not is_iterable(source):
        raise Failure(f"{function}: got {type_name(source)}, want iterable")
    result = {}
    for number, pair in enumerate(items_of(source)):
        key, value = _pair(function, number, pair)
        result[_key(function, key)] = value
    return result


def _pair(function: str, number: int, pair: Any) -> tuple[Any, Any]:
    element = f"{function}: dictionary update sequence element #{number}"
    if not is_iterable(pair):
        raise Failure(f"{element} is not iterable ({type_name(pair)})")
    size = length_of(pair)
    if size < 0:
        raise Failure(f"{element} has unknown length ({type_name(pair)})")
    if size != _PAIR:
        raise Failure(f"{element} has length {size}, want 2")
    key, value = items_of(pair)
    return key, value
