"""The functions that every program has."""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.arguments import (
    need_bool,
    need_callable,
    need_int,
    need_string,
)
from clace.starlark.values.attributes import attribute_names, find_attribute, missing_attribute
from clace.starlark.values.bounds import MAX_COMPARED, MAX_SORTED, check_items, concatenate
from clace.starlark.values.collection_methods import update
from clace.starlark.values.comparison import order
from clace.starlark.values.iteration import is_iterable, items_of, length_of, need_iterable
from clace.starlark.values.keys import to_key
from clace.starlark.values.locks import lock, unlock
from clace.starlark.values.printing import representation, text_of
from clace.starlark.values.registry import builtin
from clace.starlark.values.sets import Set
from clace.starlark.values.text import from_bytes, replaced
from clace.starlark.values.types import type_name

_MISSING: Any = object()


def _items(iterable: Any, function: str) -> Any:
    """The items of a first argument, not too many to go through at once."""
    try:
        return check_items(need_iterable(iterable))
    except Failure as failure:
        raise Failure(f"{function}: for parameter 1: {failure.message}") from None


@builtin()
def builtin_all(iterable: Any, /) -> bool:
    return all(_items(iterable, "all"))


@builtin()
def builtin_any(iterable: Any, /) -> bool:
    return any(_items(iterable, "any"))


@builtin()
def builtin_bool(value: Any = False, /) -> bool:  # noqa: FBT002
    return bool(value)


@builtin("map")
def builtin_dict(*updates: Any, **kwargs: Any) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    update(result, "dict", updates, kwargs)
    return result


@builtin("one")
def builtin_dir(value: Any, /) -> list[str]:
    return attribute_names(value)


@builtin()
def builtin_enumerate(iterable: Any, start: Any = 0, /) -> list[tuple[int, Any]]:
    items = _items(iterable, "enumerate")
    return list(enumerate(items, need_int(start, "enumerate", 2)))


@builtin("text")
def builtin_fail(*values: Any, **kwargs: Any) -> None:
    separator = _separator("fail", kwargs)
    raise Failure("fail: " + concatenate([text_of(value) for value in values], separator))


def _separator(function: str, kwargs: dict[str, Any]) -> str:
    for name in kwargs:
        if name != "sep":
            raise Failure(f'{function}: unexpected keyword argument "{name}"')
    return need_string(kwargs.get("sep", " "), function, "sep")


@builtin()
def builtin_getattr(value: Any, name: Any, default: Any = _MISSING, /) -> Any:
    found = find_attribute(value, need_string(name, "getattr", 2), default)
    if found is _MISSING:
        raise Failure(f"getattr: {missing_attribute(value, name)}")
    return found


@builtin()
def builtin_hasattr(value: Any, name: Any, /) -> bool:
    return find_attribute(value, need_string(name, "hasattr", 2), _MISSING) is not _MISSING


@builtin()
def builtin_hash(value: Any, /) -> int:
    if type(value) is bytes:
        return _fnv(value)
    if type(value) is not str:
        raise Failure(f"hash: got {type_name(value)}, want string or bytes")
    result = 0
    for one in replaced(value):
        result = (31 * result + ord(one)) & 0xFFFFFFFF
    return result - (1 << 32) if result >> 31 else result


def _fnv(data: bytes) -> int:
    result = 2166136261
    for byte in data:
        result = ((result ^ byte) * 16777619) & 0xFFFFFFFF
    return result


@builtin()
def builtin_len(value: Any, /) -> int:
    length = length_of(value)
    if length < 0:
        raise Failure(f"len: value of type {type_name(value)} has no len")
    return length


@builtin()
def builtin_list(iterable: Any = (), /) -> list[Any]:
    return list(_items(iterable, "list"))


@builtin()
def builtin_tuple(iterable: Any = (), /) -> tuple[Any, ...]:
    return tuple(_items(iterable, "tuple"))


@builtin()
def builtin_set(iterable: Any = (), /) -> Set:
    items = _items(iterable, "set")
    try:
        return Set({to_key(item): None for item in items})
    except Failure as failure:
        raise Failure(f"set: {failure.message}") from None


@builtin("extremum")
def builtin_max(*values: Any, **kwargs: Any) -> Any:
    return _extremum("max", 1, values, kwargs)


@builtin("extremum")
def builtin_min(*values: Any, **kwargs: Any) -> Any:
    return _extremum("min", -1, values, kwargs)


def _extremum(function: str, sign: int, values: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if not values:
        raise Failure(f"{function} requires at least one positional argument")
    key = _key_function(function, kwargs)
    source = values[0] if len(values) == 1 else values
    if not is_iterable(source):
        raise Failure(f"{function}: {type_name(source)} value is not iterable")
    items = iter(check_items(items_of(source)))
    best = next(items, _MISSING)
    if best is _MISSING:
        raise Failure(f"{function}: argument is an empty sequence")
    try:
        lock(source)
        return _best(function, sign, best, items, key)
    finally:
        unlock(source)


def _key_function(function: str, kwargs: dict[str, Any]) -> Any:
    for name in kwargs:
        if name != "key":
            raise Failure(f'{function}: unexpected keyword argument "{name}"')
    if "key" not in kwargs:
        return None
    return need_callable(kwargs["key"], function, "key")


def _best(function: str, sign: int, best: Any, items: Any, key: Any) -> Any:
    operator = ">" if sign > 0 else "<"
    best_rank = key(best) if key else best
    for item in items:
        rank = key(item) if key else item
        try:
            better = order(rank, best_rank, operator) * sign > 0
        except Failure as failure:
            raise Failure(f"{function}: {failure.message}") from None
        if better:
            best, best_rank = item, rank
    return best


@builtin("text")
def builtin_print(*values: Any, **kwargs: Any) -> None:
    """Refuse: a host says where printed text goes."""
    printed(values, kwargs)
    raise Failure("print: nothing is printed here")


def printed(values: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The line that ``print`` of these arguments gives."""
    separator = _separator("print", kwargs)
    return concatenate([_print_form(value) for value in values], separator)


def _print_form(value: Any) -> str:
    return from_bytes(value) if type(value) is bytes else text_of(value)


@builtin()
def builtin_range(start: Any, stop: Any = _MISSING, step: Any = 1, /) -> range:
    first = need_int(start, "range", 1)
    if stop is _MISSING:
        return range(first)
    last, by = need_int(stop, "range", 2), need_int(step, "range", 3)
    if by == 0:
        raise Failure("range: step argument must not be zero")
    return range(first, last, by)


@builtin()
def builtin_repr(value: Any, /) -> str:
    return representation(value)


@builtin()
def builtin_reversed(iterable: Any, /) -> list[Any]:
    return list(_items(iterable, "reversed"))[::-1]


@builtin("named", "iterable", "key", "reverse")
def builtin_sorted(iterable: Any, key: Any = _MISSING, reverse: Any = False) -> list[Any]:  # noqa: FBT002
    try:
        items = list(check_items(need_iterable(iterable)))
    except Failure as failure:
        raise Failure(f"sorted: for parameter iterable: {failure.message}") from None
    if len(items) > MAX_SORTED:
        raise Failure(f"sorted: too many items ({len(items)}; limit is {MAX_SORTED})")
    ranks = items
    if key is not _MISSING:
        need_callable(key, "sorted", "key")
    need_bool(reverse, "sorted", "reverse")
    if key is not _MISSING:
        ranks = _ranks(iterable, items, key)
    places = sorted(range(len(items)), key=_sort_key(ranks), reverse=reverse)
    return [items[place] for place in places]


def _ranks(source: Any, items: list[Any], key: Any) -> list[Any]:
    """Return ``key`` of each item; the source must not change meanwhile."""
    try:
        lock(source)
        return [key(item) for item in items]
    finally:
        unlock(source)


def _sort_key(ranks: list[Any]) -> Any:
    kinds = set(map(type, ranks))
    if kinds <= {int} and _are_quick(ranks, int.bit_length):
        return ranks.__getitem__
    if kinds <= {str} and all(map(str.isascii, ranks)) and _are_quick(ranks, len):
        return ranks.__getitem__
    return cmp_to_key(lambda one, other: order(ranks[one], ranks[other], "<"))


def _are_quick(ranks: list[Any], size: Callable[[Any], int]) -> bool:
    """Return true if Python may compare the values all at once, which cannot be interrupted."""
    count = len(ranks)
    return max(map(size, ranks), default=0) * count * count.bit_length() <= MAX_COMPARED


@builtin("exactly one")
def builtin_type(value: Any, /) -> str:
    return type_name(value)


@builtin("zip")
def builtin_zip(*iterables: Any, **kwargs: Any) -> list[tuple[Any, ...]]:
    if kwargs:
        raise Failure("zip does not accept keyword arguments")
    columns = []
    for number, iterable in enumerate(iterables, 1):
        if not is_iterable(iterable):
            raise Failure(f"zip: argument #{number} is not iterable: {type_name(iterable)}")
        columns.append(items_of(iterable))
    sizes = [len(column) for column in columns if hasattr(column, "__len__")]
    check_items(range(min(sizes, default=0)))
    return list(zip(*columns, strict=False))
