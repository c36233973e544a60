"""Floating-point numbers as Go's strconv writes them."""

from __future__ import annotations

import math
from decimal import Decimal


def digits_of(value: float) -> tuple[str, int]:
    """The shortest digits that read back as ``value``, and the place of the point before them."""
    sign, digits, exponent = Decimal(repr(abs(value))).as_tuple()
    del sign
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    exponent += len(text)
    return text.rstrip("0") or "0", exponent if text else 1


def special(value: float) -> str | None:
    """The text of infinities and NaN."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return None


def scientific(negative: bool, digits: str, point: int, mark: str = "e") -> str:  # noqa: FBT001
    """Digits with an exponent of at least two places."""
    exponent = point - 1 if digits.strip("0") else 0
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    sign = "-" if exponent < 0 else "+"
    return f"{'-' if negative else ''}{digits[0]}{fraction}{mark}{sign}{abs(exponent):02d}"


def plain(negative: bool, digits: str, point: int) -> str:  # noqa: FBT001
    """Digits without an exponent."""
    if point <= 0:
        text = "0." + "0" * -point + digits
    elif point >= len(digits):
        text = digits + "0" * (point - len(digits))
    else:
        text = digits[:point] + "." + digits[point:]
    return ("-" if negative else "") + text


def shortest(value: float, threshold: int = 21) -> str:
    """The shortest text, with an exponent below 1e-4 and from ``threshold`` places on."""
    text = repr(value)
    if text[-1].isdigit() and "e" not in text and threshold == 21:  # noqa: PLR2004
        return text.removesuffix(".0")
    text = special(value) or ""
    if text:
        return text
    negative = math.copysign(1, value) < 0
    if value == 0:
        return "-0" if negative else "0"
    digits, point = digits_of(value)
    if point - 1 < -4 or point - 1 >= threshold:  # noqa: PLR2004
        return scientific(negative, digits, point)
    return plain(negative, digits, point)
