"""Lenient conversions: what sprig makes a number or a string of anything."""

from __future__ import annotations

import math
from typing import Any, Final

from clace.gotemplate.go.printing import text_of
from clace.gotemplate.go.values import INT_MAX, INT_MIN, Content, Int64
from clace.gotemplate.language.literals import parse_float, parse_int64
from clace.gotemplate.limits import Meter

_SPECIAL: Final = {"inf": math.inf, "infinity": math.inf, "nan": math.nan}


def to_int(value: Any) -> int:
    """Convert anything to an integer; 0 if it cannot be."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float_to_int(value)
    if isinstance(value, str) and not isinstance(value, Content):
        return parse_int64(_trim_zero_decimal(value)) or 0
    return 0


def to_int64(value: Any) -> Int64:
    """The same as a Go ``int64``."""
    return Int64(to_int(value))


def float_to_int(value: float) -> int:
    """Convert a float that may not fit as the processor does."""
    if value != value or not INT_MIN <= value <= INT_MAX:  # noqa: PLR0124
        return INT_MIN
    return int(value)


def _trim_zero_decimal(text: str) -> str:
    body = text.rstrip("0")
    return body[:-1] if body.endswith(".") and body != text else text


def to_float(value: Any) -> float:
    """Convert anything to a float; 0 if it cannot be."""
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str) and not isinstance(value, Content):
        return go_float(value) or 0.0
    return 0.0


def go_float(text: str) -> float | None:
    """``strconv.ParseFloat``, special values included."""
    bare = text.lower().lstrip("+-")
    signed = bare != text.lower()
    if bare in _SPECIAL and len(text) - len(bare) < 2 and not (signed and bare == "nan"):  # noqa: PLR2004
        return -_SPECIAL[bare] if text[0] == "-" else _SPECIAL[bare]
    return parse_float(text)


def strval(value: Any) -> str:
    """The string of anything, in the way most sprig functions want one."""
    return value if type(value) is str else text_of(value)


def strings_of(meter: Meter, value: Any) -> list[str]:
    """A list as strings, nils left out; anything else as a list of one."""
    items = value if isinstance(value, (list, tuple)) else [value]
    texts: list[str] = []
    total = 0
    for item in items:
        if item is None:
            continue
        text = strval(item)
        if type(item) is not str:
            meter.spend(1 + (len(text) >> 6))
        total += len(text)
        meter.refuse(total)
        texts.append(text)
    return texts


def is_empty(value: Any) -> bool:
    """Return true if sprig finds the value empty: the opposite of Go's truth."""
    return not value
