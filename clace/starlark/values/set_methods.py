"""The methods of sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.bounds import check_range
from clace.starlark.values.iteration import is_iterable, need_iterable
from clace.starlark.values.keys import from_key, to_key
from clace.starlark.values.locks import check_mutable
from clace.starlark.values.registry import method
from clace.starlark.values.sets import Set
from clace.starlark.values.types import type_name


def _key(function: str, value: Any) -> Any:
    try:
        return to_key(value)
    except Failure as failure:
        raise Failure(f"{function}: {failure.message}") from None


def _keys(function: str, iterable: Any) -> dict[Any, None]:
    """The elements of an argument as keys, in order."""
    return {_key(function, item): None for item in _iterable(function, iterable)}


def _iterable(function: str, iterable: Any) -> Iterable[Any]:
    try:
        return check_range(need_iterable(iterable))  # type: ignore[no-any-return]
    except Failure as failure:
        raise Failure(f"{function}: for parameter 1: {failure.message}") from None


def _mutable(values: Set, function: str, verb: str) -> None:
    try:
        check_mutable(values, verb)
    except Failure as failure:
        raise Failure(f"{function}: {failure.message}") from None


@method(Set)
def set_add(values: Set, element: Any, /) -> None:
    _mutable(values, "add", "insert into")
    values.items[_key("add", element)] = None


@method(Set)
def set_clear(values: Set, /) -> None:
    if values.items:
        _mutable(values, "clear", "clear")
        values.items.clear()


@method(Set)
def set_difference(values: Set, other: Any = (), /) -> Set:
    if not values.items and is_iterable(other):
        return Set({})
    without = _keys("difference", other)
    return Set({key: None for key in values.items if key not in without})


@method(Set)
def set_discard(values: Set, element: Any, /) -> None:
    _mutable(values, "discard", "delete from")
    values.items.pop(_key("discard", element), None)


@method(Set)
def set_intersection(values: Set, other: Any = (), /) -> Set:
    return Set({key: None for key in _keys("intersection", other) if key in values.items})


@method(Set)
def set_issubset(values: Set, other: Any = (), /) -> bool:
    waiting = set(values.items)
    for item in _iterable("issubset", other):
        if not waiting:
            break
        waiting.discard(_key("issubset", item))
    return not waiting


@method(Set)
def set_issuperset(values: Set, other: Any = (), /) -> bool:
    return values.items.keys() >= _keys("issuperset", other).keys()


@method(Set)
def set_pop(values: Set, /) -> Any:
    if not values.items:
        raise Failure("pop: empty set")
    _mutable(values, "pop", "delete from")
    key = next(iter(values.items))
    del values.items[key]
    return from_key(key)


@method(Set)
def set_remove(values: Set, element: Any, /) -> None:
    if values.items:
        key = _key("remove", element)
        _mutable(values, "remove", "delete from")
        if key in values.items:
            del values.items[key]
            return
    raise Failure("remove: missing key")


@method(Set)
def set_symmetric_difference(values: Set, other: Any = (), /) -> Set:
    others = _keys("symmetric_difference", other)
    only = {key: None for key in values.items if key not in others}
    return Set(only | {key: None for key in others if key not in values.items})


@method(Set, style="update")
def set_union(values: Set, /, *others: Any, **kwargs: Any) -> Set:
    result = dict(values.items)
    for keys in _all("union", others, kwargs):
        result.update(keys)
    return Set(result)


@method(Set, style="update")
def set_update(values: Set, /, *others: Any, **kwargs: Any) -> None:
    for keys in _all("update", others, kwargs):
        if keys:
            _mutable(values, "update", "insert into")
        values.items.update(keys)


def _all(function: str, others: tuple[Any, ...], kwargs: dict[str, Any]) -> list[dict[Any, None]]:
    if kwargs:
        raise Failure(f"{function}: does not accept keyword arguments")
    found = []
    for number, other in enumerate(others, 1):
        if not is_iterable(other):
            raise Failure(f"{function}: argument #{number} is not iterable: {type_name(other)}")
        items = _iterable(function, other)
        found.append({_key(function, item): None for item in items})
    return found
