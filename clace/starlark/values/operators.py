"""The operators on values, but for comparisons."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from clace.starlark.errors import Failure
from clace.starlark.values.bounds import MAX_REPEATED, check_range
from clace.starlark.values.format import interpolate
from clace.starlark.values.host import HostObject
from clace.starlark.values.locks import check_mutable
from clace.starlark.values.numerals import MAX_BITS, checked, to_digits
from clace.starlark.values.sets import Set
from clace.starlark.values.text import joined
from clace.starlark.values.types import type_name

_NUMBERS = frozenset({int, float})
_REPEATABLE = frozenset({str, bytes, list, tuple})
_INT32 = 1 << 31


def _unknown(left: Any, operator: str, right: Any) -> Any:
    """Apply the operator as a host's type does.

    :raises Failure: if neither operand knows it.
    """
    for one, other, reflected in ((left, right, False), (right, left, True)):
        if isinstance(one, HostObject):
            result = one.operate(operator, other, reflected=reflected)
            if result is not NotImplemented:
                return result
    raise Failure(f"unknown binary op: {type_name(left)} {operator} {type_name(right)}")


def to_float(value: float) -> float:
    """A number as a float.

    :raises Failure: if it is too large an integer.
    """
    try:
        return float(value)
    except OverflowError:
        raise Failure("int too large to convert to float") from None


def _are_numbers(left: Any, right: Any) -> bool:
    return type(left) in _NUMBERS and type(right) in _NUMBERS


def add(left: Any, right: Any) -> Any:
    """``left + right``"""
    kind = type(left)
    if kind is type(right):
        if kind is str:
            return _concatenate(left, right)
        if kind is int:
            return checked(left + right)
        if kind is float or kind is bytes or kind is list or kind is tuple:
            return left + right
    if _are_numbers(left, right):
        return to_float(left) + to_float(right)
    return _unknown(left, "+", right)


def _concatenate(left: str, right: str) -> str:
    whole = left + right
    return whole if whole.isascii() or not (left and right) else joined(whole)


def add_to(left: Any, right: Any) -> Any:
    """``left += right``: a list grows in place."""
    if type(left) is not list:
        return add(left, right)
    from clace.starlark.values.iteration import is_iterable, items_of  # noqa: PLC0415

    if not is_iterable(right):
        return _unknown(left, "+", right)
    check_mutable(left, "apply += to")
    left.extend(check_range(items_of(right)))
    return left


def subtract(left: Any, right: Any) -> Any:
    """``left - right``"""
    if type(left) is int and type(right) is int:
        return checked(left - right)
    if _are_numbers(left, right):
        return to_float(left) - to_float(right)
    if type(left) is Set and type(right) is Set:
        return Set({key: None for key in left.items if key not in right.items})
    return _unknown(left, "-", right)


def multiply(left: Any, right: Any) -> Any:
    """``left * right``"""
    kind, other = type(left), type(right)
    if kind is int and other is int:
        if left.bit_length() + right.bit_length() > MAX_BITS:
            raise Failure(f"integer too large (more than {MAX_BITS} bits)")
        return left * right
    if _are_numbers(left, right):
        return to_float(left) * to_float(right)
    if kind is int and other in _REPEATABLE:
        return _repeat(right, left)
    if other is int and kind in _REPEATABLE:
        return _repeat(left, right)
    return _unknown(left, "*", right)


def _repeat(value: Any, count: int) -> Any:
    if not value or (count < 1 and count >= -_INT32):
        return type(value)()
    if not -_INT32 <= count < _INT32:
        raise Failure(f"repeat count {to_digits(count)} too large")
    if len(value) * count >= MAX_REPEATED:
        raise Failure(f"excessive repeat ({len(value)} * {count} elements)")
    result = value * count
    return joined(result) if type(value) is str else result


def divide(left: Any, right: Any) -> float:
    """``left / right``"""
    if not _are_numbers(left, right):
        return _unknown(left, "/", right)  # type: ignore[no-any-return]  # a host's business
    divisor = to_float(right)
    dividend = to_float(left)
    if divisor == 0:
        raise Failure("floating-point division by zero")
    return dividend / divisor


def floor_divide(left: Any, right: Any) -> Any:
    """``left // right``"""
    if not _are_numbers(left, right):
        return _unknown(left, "//", right)
    if type(left) is int and type(right) is int:
        if right == 0:
            raise Failure("floored division by zero")
        return left // right
    dividend, divisor = to_float(left), to_float(right)
    if divisor == 0:
        raise Failure("floored division by zero")
    quotient = dividend / divisor
    return float(math.floor(quotient)) if math.isfinite(quotient) and quotient else quotient


def remainder(left: Any, right: Any) -> Any:
    """``left % right``: of numbers, or a string with its values in place."""
    if type(left) is str:
        return interpolate(left, right)
    if not _are_numbers(left, right):
        return _unknown(left, "%", right)
    both = type(left) is int and type(right) is int
    if right == 0:
        raise Failure(f"{'integer' if both else 'floating-point'} modulo by zero")
    return left % right if both else _float_remainder(to_float(left), to_float(right))


def _float_remainder(left: float, right: float) -> float:
    """The remainder with the sign of the divisor, as Go computes it."""
    if math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    result = math.fmod(left, right)
    return result + right if (left < 0) != (right < 0) and result else result


def bit_and(left: Any, right: Any) -> Any:
    """``left & right``"""
    if type(left) is int and type(right) is int:
        return left & right
    if type(left) is Set and type(right) is Set:
        return Set({key: None for key in right.items if key in left.items})
    return _unknown(left, "&", right)


def bit_or(left: Any, right: Any) -> Any:
    """``left | right``"""
    if type(left) is int and type(right) is int:
        return left | right
    if type(left) is dict and type(right) is dict:
        return left | right
    if type(left) is Set and type(right) is Set:
        return Set(left.items | right.items)
    return _unknown(left, "|", right)


def or_to(left: Any, right: Any) -> Any:
    """``left |= right``: a dict grows in place."""
    if type(left) is dict and type(right) is dict:
        check_mutable(left, "apply |= to")
        left.update(right)
        return left
    return bit_or(left, right)


def bit_xor(left: Any, right: Any) -> Any:
    """``left ^ right``"""
    if type(left) is int and type(right) is int:
        return left ^ right
    if type(left) is Set and type(right) is Set:
        only = {key: None for key in left.items if key not in right.items}
        return Set(only | {key: None for key in right.items if key not in left.items})
    return _unknown(left, "^", right)


_MAX_SHIFT = 512


def shift_left(left: Any, right: Any) -> Any:
    """``left << right``"""
    if type(left) is not int:
        return _unknown(left, "<<", right)
    count = _shift(right)
    if count >= _MAX_SHIFT:
        raise Failure(f"shift count too large: {count}")
    return checked(left << count)


def shift_right(left: Any, right: Any) -> Any:
    """``left >> right``"""
    return left >> _shift(right) if type(left) is int else _unknown(left, ">>", right)


def _shift(count: Any) -> int:
    number = to_int32(count)
    if number < 0:
        raise Failure(f"negative shift count: {number}")
    return number


def to_int32(value: Any) -> int:
    """The integer itself.

    :raises Failure: if it is not an integer, or over 32 bits.
    """
    if type(value) is not int:
        raise Failure(f"got {type_name(value)}, want int")
    if not -_INT32 <= value < _INT32:
        raise Failure(f"{to_digits(value)} out of range")
    return value


def negate(value: Any) -> Any:
    """``-value``"""
    return -value if type(value) in _NUMBERS else _unknown_unary("-", value)


def positive(value: Any) -> Any:
    """``+value``"""
    return value if type(value) in _NUMBERS else _unknown_unary("+", value)


def invert(value: Any) -> Any:
    """``~value``"""
    return ~value if type(value) is int else _unknown_unary("~", value)


def _unknown_unary(operator: str, value: Any) -> NoReturn:
    raise Failure(f"unknown unary op: {operator} {type_name(value)}")
