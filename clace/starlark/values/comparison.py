"""Equality and order."""

from __future__ import annotations

import math
from types import FunctionType
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.host import BoundMethod, HostObject
from clace.starlark.values.keys import to_key
from clace.starlark.values.sequences import BytesElements, StringCodepoints, StringElements
from clace.starlark.values.sets import Set
from clace.starlark.values.text import to_bytes
from clace.starlark.values.types import NONE, type_name

MAX_DEPTH = 10
_SAME: frozenset[type] = frozenset({str, int, bool, bytes, NONE})
_NUMBERS = frozenset({int, float})
_SEQUENCES = frozenset({list, tuple})


def equal(left: Any, right: Any) -> bool:
    """``left == right``"""
    kind = type(left)
    if kind is type(right) and kind in _SAME:
        return bool(left == right)
    return _equal(left, right, MAX_DEPTH)


def unequal(left: Any, right: Any) -> bool:
    """``left != right``"""
    return not equal(left, right)


def _equal(left: Any, right: Any, depth: int) -> bool:
    if depth < 1:
        raise Failure("comparison exceeded maximum recursion depth")
    kind, other = type(left), type(right)
    if kind is not other:
        if kind in _NUMBERS and other in _NUMBERS:
            return bool(left == right)
        if isinstance(left, HostObject):
            return left.equals(right)
        if isinstance(right, HostObject):
            return right.equals(left)
        return False
    compare = _EQUAL.get(kind)
    if compare is not None:
        return bool(compare(left, right, depth))
    return left.equals(right) if isinstance(left, HostObject) else left is right


def _equal_items(left: Any, right: Any, depth: int) -> bool:
    if len(left) != len(right):
        return False
    return all(_equal(one, other, depth - 1) for one, other in zip(left, right, strict=True))


def _equal_dicts(left: Any, right: Any, depth: int) -> bool:
    if len(left) != len(right):
        return False
    for key, value in left.items():
        if key not in right or not _equal(value, right[key], depth - 1):
            return False
    return True


def _equal_elements(left: Any, right: Any, _depth: int) -> bool:
    return bool(left.string == right.string and left.method == right.method)


def _equal_methods(left: BoundMethod, right: BoundMethod, _depth: int) -> bool:
    return left is right


def _plainly(left: Any, right: Any, _depth: int) -> bool:
    return bool(left == right)


def _equal_floats(left: float, right: float, _depth: int) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right))


_EQUAL: dict[type, Any] = {
    **dict.fromkeys(_SAME, _plainly),
    float: _equal_floats,
    range: _plainly,
    list: _equal_items,
    tuple: _equal_items,
    dict: _equal_dicts,
    Set: lambda left, right, _depth: left.items.keys() == right.items.keys(),
    StringElements: _equal_elements,
    StringCodepoints: _equal_elements,
    BytesElements: lambda left, right, _depth: left.data == right.data,
    BoundMethod: _equal_methods,
    FunctionType: lambda left, right, _depth: left is right,
}


def order(left: Any, right: Any, operator: str = "<") -> int:
    """Negative, zero or positive as ``left`` comes before, with or after ``right``.

    :raises Failure: if values of their types have no order; names the ``operator``.
    """
    return _order(left, right, operator, MAX_DEPTH)


def _order(left: Any, right: Any, operator: str, depth: int) -> int:
    if depth < 1:
        raise Failure("comparison exceeded maximum recursion depth")
    kind, other = type(left), type(right)
    if kind is other:
        if kind is str:
            return _order_text(left, right)
        if kind is int or kind is bytes or kind is bool:
            return int(left > right) - int(left < right)
        if kind in _SEQUENCES:
            return _order_items(left, right, operator, depth)
        if kind is Set:
            return _order_sets(left, right, operator)
    if kind in _NUMBERS and other in _NUMBERS:
        return _order_numbers(left, right)
    raise Failure(f"{type_name(left)} {operator} {type_name(right)} not implemented")


def _order_text(left: str, right: str) -> int:
    """Go compares bytes; characters are in the same order unless a byte stands alone."""
    if not (left.isascii() and right.isascii()):
        one, other = to_bytes(left), to_bytes(right)
        return (one > other) - (one < other)
    return (left > right) - (left < right)


def _order_sets(left: Set, right: Set, operator: str) -> int:
    """Sets are ordered by what they contain, and often not at all: then no operator holds."""
    ours, theirs = left.items.keys(), right.items.keys()
    if "<" in operator:
        return -1 if (ours <= theirs if "=" in operator else ours < theirs) else 1
    return 1 if (ours >= theirs if "=" in operator else ours > theirs) else -1


def _order_numbers(left: float, right: float) -> int:
    """NaN equals itself and is greater than all others."""
    if left != left:  # noqa: PLR0124 - it is NaN
        return 0 if right != right else 1  # noqa: PLR0124
    if right != right:  # noqa: PLR0124
        return -1
    return (left > right) - (left < right)


def _order_items(left: Any, right: Any, operator: str, depth: int) -> int:
    for one, other in zip(left, right, strict=False):
        if not _equal(one, other, depth - 1):
            return _order(one, other, operator, depth - 1)
    return (len(left) > len(right)) - (len(left) < len(right))


def less(left: Any, right: Any) -> bool:
    """``left < right``"""
    return order(left, right, "<") < 0


def less_or_equal(left: Any, right: Any) -> bool:
    """``left <= right``"""
    return order(left, right, "<=") <= 0


def greater(left: Any, right: Any) -> bool:
    """``left > right``"""
    return order(left, right, ">") > 0


def greater_or_equal(left: Any, right: Any) -> bool:
    """``left >= right``"""
    return order(left, right, ">=") >= 0


_BYTE = 256


def contains(value: Any, container: Any) -> bool:
    """``value in container``"""
    kind = type(container)
    if kind is dict or kind is Set:
        return _has_key(value, container if kind is dict else container.items, kind)
    if kind is list or kind is tuple:
        return any(equal(item, value) for item in container)
    test = _CONTAINS.get(kind)
    if test is not None:
        return bool(test(value, container))
    if isinstance(container, HostObject):
        return container.contains(value)
    raise Failure(f"unknown binary op: {type_name(value)} in {type_name(container)}")


def excludes(value: Any, container: Any) -> bool:
    """``value not in container``"""
    return not contains(value, container)


def _has_key(value: Any, keys: Any, kind: type) -> bool:
    try:
        return to_key(value) in keys
    except Failure:
        if kind is Set:
            raise
        return False  # as in Go, a dict does not contain what cannot be a key


def _in_string(value: Any, container: str) -> bool:
    if type(value) is not str:
        what = "'in <string>' requires string as left operand, not "
        raise Failure(what + type_name(value))
    if container.isascii():
        return value in container
    return to_bytes(value) in to_bytes(container)


def _in_bytes(value: Any, container: bytes) -> bool:
    if type(value) is bytes:
        return value in container
    if type(value) is not int:
        what = "'in bytes' requires bytes or int as left operand, not "
        raise Failure(what + type_name(value))
    if not 0 <= value < _BYTE:
        wanted = "want value in unsigned 8-bit range"
        raise Failure(f"int in bytes: {value} out of range ({wanted})")
    return value in container


def _in_range(value: Any, container: range) -> bool:
    if type(value) not in _NUMBERS or not math.isfinite(value):
        what = "'in <range>' requires integer as left operand, not "
        raise Failure(what + type_name(value))
    return int(value) in container


_CONTAINS: dict[type, Any] = {str: _in_string, bytes: _in_bytes, range: _in_range}
