"""The functions that make numbers, strings and bytes of other values."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.bounds import check_items
from clace.starlark.values.iteration import is_iterable, items_of
from clace.starlark.values.numbers import to_int
from clace.starlark.values.numerals import parse_digits, to_digits
from clace.starlark.values.operators import to_float, to_int32
from clace.starlark.values.printing import representation
from clace.starlark.values.registry import builtin
from clace.starlark.values.text import from_bytes, replaced, to_bytes
from clace.starlark.values.types import type_name

_MISSING: Any = object()
_MAX_RUNE = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_BYTE = 256
_SPECIAL_FLOAT = re.compile(r"[+-]?(inf|infinity|nan)", re.IGNORECASE | re.ASCII)
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_DIGITS = re.compile("[0-9a-zA-Z]+", re.ASCII)
_PREFIXES = {"0o": 8, "0x": 16, "0b": 2}
_BASES = range(2, 37)
_SHORTEST_PREFIXED = 3


@builtin()
def builtin_abs(value: Any, /) -> Any:
    if type(value) is int or type(value) is float:
        return abs(value)
    raise Failure(f"got {type_name(value)}, want int or float")


@builtin("exactly one")
def builtin_bytes(value: Any, /) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is str:
        return to_bytes(replaced(value))
    if not is_iterable(value):
        wanted = "want string, bytes, or iterable of ints"
        raise Failure(f"bytes: got {type_name(value)}, {wanted}")
    items = list(check_items(items_of(value)))
    for place, item in enumerate(items):
        if type(item) is not int:
            raise Failure(f"bytes: at index {place}, got {type_name(item)}, want int")
        if not 0 <= item < _BYTE:
            wanted = "want value in unsigned 8-bit range"
            raise Failure(f"bytes: at index {place}, {to_digits(item)} out of range ({wanted})")
    return bytes(items)


@builtin("one")
def builtin_chr(value: Any, /) -> str:
    try:
        number = to_int32(value)
    except Failure as failure:
        raise Failure(f"chr: {failure.message}") from None
    if number < 0:
        raise Failure(f"chr: Unicode code point {number} out of range (<0)")
    if number > _MAX_RUNE:
        raise Failure(f"chr: Unicode code point U+{number:X} out of range (>0x10FFFF)")
    return "\ufffd" if number in _SURROGATES else chr(number)


@builtin("at most one")
def builtin_float(value: Any = 0.0, /) -> float:
    kind = type(value)
    if kind is float:
        return value  # type: ignore[no-any-return]  # it is one
    if kind is bool:
        return 1.0 if value else 0.0
    if kind is int:
        return to_float(value)
    if kind is not str:
        raise Failure(f"float got {type_name(value)}, want number or string")
    if not value:
        raise Failure("float: empty string")
    if _SPECIAL_FLOAT.fullmatch(value):
        return float(value)
    if not _FLOAT.fullmatch(value):
        raise Failure(f"invalid float literal: {value}")
    number = float(value)
    if math.isinf(number):
        raise Failure("floating-point number too large")
    return number


@builtin("named", "x", "base")
def builtin_int(x: Any, base: Any = _MISSING) -> int:
    if type(x) is str:
        return _parse_int(x, 10 if base is _MISSING else _base(base))
    if base is not _MISSING:
        raise Failure("int: can't convert non-string with explicit base")
    if type(x) is bool:
        return int(x)
    try:
        return to_int(x)
    except Failure as failure:
        raise Failure(f"int: {failure.message}") from None


def _base(value: Any) -> int:
    if type(value) is not int:
        raise Failure(f"int: for base, got {type_name(value)}, want int")
    if value != 0 and value not in _BASES:
        raise Failure("int: base must be an integer >= 2 && <= 36")
    return value


def _parse_int(text: str, base: int) -> int:
    sign = -1 if text[:1] == "-" else 1
    digits = text[1:] if text[:1] in ("+", "-") and text else text
    prefix = _PREFIXES.get(digits[:2].lower(), 0) if len(digits) >= _SHORTEST_PREFIXED else 0
    used = base
    if prefix and base in (0, prefix):
        used, digits = prefix, digits[2:]
    elif base == 0 and digits[:1] == "0" and len(digits) > 1 and not prefix:
        used, digits = 10, digits if not digits.strip("0") else ""
    if _DIGITS.fullmatch(digits):
        with suppress(ValueError):
            return sign * parse_digits(digits, used or 10)
    raise Failure(f"int: invalid literal with base {base}: {text}")


@builtin("one")
def builtin_ord(value: Any, /) -> int:
    if type(value) is str:
        if len(value) != 1:
            raise Failure(f"ord: string encodes {len(value)} Unicode code points, want 1")
        return ord(replaced(value))
    if type(value) is bytes:
        if len(value) != 1:
            raise Failure(f"ord: bytes has length {len(value)}, want 1")
        return value[0]
    raise Failure(f"ord: got {type_name(value)}, want string or bytes")


@builtin("exactly one")
def builtin_str(value: Any, /) -> str:
    if type(value) is str:
        return value
    if type(value) is bytes:
        return replaced(from_bytes(value))
    return representation(value)
