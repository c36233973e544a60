"""``x[i]``, ``x[i] = v`` and ``x[low:high:step]``."""

from __future__ import annotations

from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.host import HostObject
from clace.starlark.values.iteration import length_of
from clace.starlark.values.keys import to_key
from clace.starlark.values.locks import check_mutable
from clace.starlark.values.operators import to_int32
from clace.starlark.values.printing import representation
from clace.starlark.values.sequences import StringElements
from clace.starlark.values.text import from_bytes, to_bytes
from clace.starlark.values.types import type_name


def get_item(value: Any, key: Any) -> Any:  # noqa: PLR0911 - one row a type
    """``value[key]``"""
    kind = type(value)
    if kind is dict:
        try:
            return value[to_key(key)]
        except KeyError:
            raise Failure(f"key {representation(key)} not in dict") from None
    if kind is list or kind is tuple or kind is range:
        return value[_place(value, key)]
    if kind is str:
        if value.isascii():
            return value[_place(value, key)]
        data = to_bytes(value)
        place = _place(value, key)
        return from_bytes(data[place : place + 1])
    if kind is bytes:
        place = _place(value, key)
        return value[place : place + 1]
    if kind is StringElements:
        return value.items()[_place(value, key)]
    if isinstance(value, HostObject):
        return value.item(key)
    raise Failure(f"unhandled index operation {type_name(value)}[{type_name(key)}]")


def _place(value: Any, key: Any) -> int:
    """The place of an index, which may count from the end."""
    size = length_of(value)
    try:
        index = to_int32(key)
    except Failure as failure:
        raise Failure(f"{type_name(value)} index: {failure.message}") from None
    place = index + size if index < 0 else index
    if 0 <= place < size:
        return place
    raise Failure(out_of_range(index, size, type_name(value)))


def out_of_range(index: int, size: int, kind: str) -> str:
    """The message about an index that is too large or too small."""
    if not size:
        return f"index {index} out of range: empty {kind}"
    return f"{kind} index {index} out of range [{-size}:{size - 1}]"


def set_item(value: Any, key: Any, item: Any) -> None:
    """``value[key] = item``"""
    kind = type(value)
    if kind is dict:
        hashed = to_key(key)
        check_mutable(value, "insert into")
        value[hashed] = item
    elif kind is list:
        size = len(value)
        index = to_int32(key)
        place = index + size if index < 0 else index
        if not 0 <= place < size:
            raise Failure(out_of_range(index, size, "list"))
        check_mutable(value, "assign to element of")
        value[place] = item
    elif isinstance(value, HostObject):
        value.set_item(key, item)
    else:
        raise Failure(f"{type_name(value)} value does not support item assignment")


def store_item(item: Any, value: Any, key: Any) -> None:
    """``set_item`` with the item first, as it is evaluated first."""
    set_item(value, key, item)


_SLICEABLE = frozenset({str, list, tuple, bytes, range})


def get_slice(value: Any, low: Any, high: Any, step: Any) -> Any:
    """``value[low:high:step]``"""
    kind = type(value)
    if kind not in _SLICEABLE:
        raise Failure(f"invalid slice operand {type_name(value)}")
    for bound, what in ((step, "slice step"), (low, "start index"), (high, "end index")):
        if bound is not None:
            _check_bound(bound, what)
    if kind is str and not value.isascii():
        return from_bytes(to_bytes(value)[low:high:step])
    found = value[low:high:step]
    if kind is range and not found:
        start = found.stop if step is not None and step < 0 else found.start
        return range(start, start, found.step)
    return found


def _check_bound(bound: Any, what: str) -> None:
    try:
        number = to_int32(bound)
    except Failure as failure:
        raise Failure(f"invalid {what}: {failure.message}") from None
    if what == "slice step" and number == 0:
        raise Failure("zero is not a valid slice step")


def make_dict(*pairs: Any) -> dict[Any, Any]:
    """A dict of keys and values in turn.

    :raises Failure: if a key comes twice; its ``entry`` is the number of the pair.
    """
    result: dict[Any, Any] = {}
    for number in range(len(pairs) // 2):
        try:
            add_entry(result, pairs[2 * number], pairs[2 * number + 1])
        except Failure as failure:
            failure.entry = number
            raise
    return result


def add_entry(result: dict[Any, Any], key: Any, value: Any) -> None:
    """One entry of a dict display.

    :raises Failure: if the key is there already.
    """
    hashed = to_key(key)
    if hashed in result:
        raise Failure(f"duplicate key: {representation(key)}")
    result[hashed] = value
