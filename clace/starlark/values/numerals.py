"""Integers of any size to digits and back, without CPython's limit and without its slowness."""

from __future__ import annotations

from clace.starlark.errors import Failure

# Larger integers are refused: one operation on them would take too long to be interrupted.
MAX_BITS = 1 << 17
_MAX_DIGITS = {10: 39_500, 16: MAX_BITS // 4, 8: MAX_BITS // 3, 2: MAX_BITS}
_CHUNK = 4000  # CPython converts up to 4300 digits by default
_POWERS_OF_TWO = (2, 4, 8, 16, 32)


def checked(value: int) -> int:
    """The integer itself.

    :raises Failure: if it is too large to work with.
    """
    if value.bit_length() > MAX_BITS:
        raise Failure(f"integer too large (more than {MAX_BITS} bits)")
    return value


def to_digits(value: int) -> str:
    """The decimal digits of an integer.

    :raises Failure: if it is too large.
    """
    if -(1 << 13000) < value < 1 << 13000:
        return str(value)
    checked(value)
    return f"-{_split(-value)}" if value < 0 else _split(value)


def _split(value: int) -> str:
    if value < 1 << 13000:
        return str(value)
    digits = value.bit_length() * 30103 // 200000  # about half of them
    high, low = divmod(value, 10**digits)
    return _split(high) + _split(low).rjust(digits, "0")


def parse_digits(digits: str, base: int) -> int:
    """The integer that these digits denote.

    :raises Failure: if it is too large.
    :raises ValueError: if they are not digits of this base.
    """
    if len(digits) > _MAX_DIGITS.get(base, _MAX_DIGITS[10] // 2):
        raise Failure(f"integer too large (more than {MAX_BITS} bits)")
    if len(digits) <= _CHUNK or base in _POWERS_OF_TWO:
        return int(digits, base)
    value = int(digits[:_CHUNK], base)
    for start in range(_CHUNK, len(digits), _CHUNK):
        chunk = digits[start : start + _CHUNK]
        value = value * base ** len(chunk) + int(chunk, base)
    return value
