"""Floating-point numbers as Go's strconv writes them."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import Final

_SHORTEST_DIGITS: Final = 6
_MANTISSA_BITS: Final = 52


def digits_of(value: float) -> tuple[str, int]:
    """The shortest digits that read back as ``value``, and the place of the point before them."""
    digits, exponent = Decimal(repr(abs(value))).as_tuple()[1:]
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    return (text.rstrip("0") or "0"), (exponent + len(text) if text else 1)


def special(value: float) -> str:
    """The text of infinities and NaN, empty for all other numbers."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return ""


def scientific(sign: str, digits: str, point: int, mark: str = "e") -> str:
    """Digits with an exponent of at least two places."""
    exponent = point - 1 if digits.strip("0") else 0
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}{mark}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def plain(sign: str, digits: str, point: int) -> str:
    """Digits without an exponent."""
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def shortest(value: float) -> str:
    """``%v``: the shortest text, with an exponent below 1e-4 and from a million on."""
    text = repr(value)
    if "e" not in text and text[-1].isdigit() and -1e6 < value < 1e6:  # noqa: PLR2004
        return text.removesuffix(".0")
    return general(value, -1)


def general(value: float, precision: int, mark: str = "e") -> str:
    """``%g``; a negative precision means as many digits as it takes."""
    if text := special(value):
        return text
    sign = "-" if math.copysign(1, value) < 0 else ""
    if precision < 0:
        digits, point = digits_of(value)
        limit = _SHORTEST_DIGITS
    else:
        precision = precision or 1
        digits, point = rounded(value, precision)
        limit = len(digits) if precision > len(digits) >= point else precision
    if point - 1 < -4 or point - 1 >= limit:  # noqa: PLR2004
        return scientific(sign, digits, point, mark)
    return plain(sign, digits, point)


def rounded(value: float, precision: int) -> tuple[str, int]:
    """At most ``precision`` digits, trailing zeros dropped, and the place of the point."""
    if value == 0:
        return "0", 1
    text = f"{abs(value):.{precision - 1}e}"
    mantissa, _, exponent = text.partition("e")
    digits = mantissa.replace(".", "").rstrip("0") or "0"
    return digits, int(exponent) + 1


def formatted(value: float, verb: str, precision: int) -> str:
    """``strconv.FormatFloat`` for the verbs ``b e E f g G x X``."""
    if text := special(value):
        return text
    if verb in "gG":
        return general(value, precision, "e" if verb == "g" else "E")
    if verb == "b":
        return _binary(value)
    if verb in "xX":
        text = _hexadecimal(value, precision)
        return text.upper() if verb == "X" else text
    if precision < 0:
        sign = "-" if math.copysign(1, value) < 0 else ""
        digits, point = digits_of(value)
        return plain(sign, digits, point) if verb == "f" else scientific(sign, digits, point, verb)
    return f"{value:.{precision}{verb}}"


def _parts(value: float) -> tuple[str, int, int]:
    """Sign, mantissa and exponent of two, so that value = mantissa * 2**exponent."""
    bits = struct.unpack(">Q", struct.pack(">d", value))[0]
    exponent = bits >> _MANTISSA_BITS & 0x7FF
    mantissa = bits & ((1 << _MANTISSA_BITS) - 1)
    if exponent:
        mantissa |= 1 << _MANTISSA_BITS
    else:
        exponent = 1
    return ("-" if bits >> 63 else ""), mantissa, exponent - 1023 - _MANTISSA_BITS


def _binary(value: float) -> str:
    sign, mantissa, exponent = _parts(value)
    return f"{sign}{mantissa}p{exponent:+d}"


def _hexadecimal(value: float, precision: int) -> str:
    sign, mantissa, exponent = _parts(value)
    if mantissa == 0:
        fraction = "." + "0" * precision if precision > 0 else ""
        return f"{sign}0x0{fraction}p+00"
    shift = _MANTISSA_BITS + 1 - mantissa.bit_length()
    mantissa <<= shift
    exponent += _MANTISSA_BITS - shift
    digits = 13
    if 0 <= precision < digits:
        drop = 4 * (digits - precision)
        half, rest = 1 << (drop - 1), mantissa & ((1 << drop) - 1)
        mantissa >>= drop
        mantissa += rest > half or (rest == half and mantissa & 1 == 1)
        if mantissa.bit_length() > 4 * precision + 1:
            mantissa >>= 1
            exponent += 1
        text = f"{mantissa:x}"
    else:
        text = f"{mantissa:x}"
    fraction = text[1:].rstrip("0") if precision < 0 else text[1:].ljust(precision, "0")
    point = "." + fraction if fraction else ""
    return f"{sign}0x{text[0]}{point}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
