"""Number constants, held under every Go type that can represent them."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.go.values import INT_MAX, INT_MIN
from clace.gotemplate.language.literals import (
    parse_float,
    parse_int64,
    parse_uint64,
    quote,
    unquote_rune,
)
from clace.gotemplate.language.nodes import Number

_PAIR: Final = re.compile(r"([+-]?[^+-]*(?:[eEpP][+-][0-9_]+)?)([+-].*)i\Z")


def read_number(pos: int, text: str, kind: str) -> Number:
    """The node of a ``number``, ``complex`` or ``rune`` token; ``ValueError`` in Go's words."""
    number = Number(pos, text)
    if kind == "rune":
        code = unquote_rune(text)
        number.as_int = number.as_uint = code
        number.as_float = float(code)
        return number
    if kind == "complex":
        _read_pair(number)
        return number
    if text.endswith("i") and (imaginary := parse_float(text[:-1])) is not None:
        _simplify(number, complex(0, imaginary))
        return number
    _read_real(number)
    return number


def _read_real(number: Number) -> None:
    text = number.text
    number.as_uint = parse_uint64(text)
    number.as_int = parse_int64(text)
    if number.as_int == 0:
        number.as_uint = number.as_uint or 0
    whole = number.as_int if number.as_int is not None else number.as_uint
    if whole is not None:
        number.as_float = float(whole)
        return
    value = parse_float(text)
    if value is None:
        raise ValueError(f"illegal number syntax: {quote(text)}")
    if not any(char in ".eEpP" for char in text):
        raise ValueError(f"integer overflow: {quote(text)}")
    number.as_float = value
    _whole_parts(number, value)


def _whole_parts(number: Number, value: float) -> None:
    if value.is_integer() and INT_MIN <= value <= INT_MAX:
        number.as_int = int(value)
    if value.is_integer() and 0 <= value < 1 << 64:
        number.as_uint = int(value)


def _read_pair(number: Number) -> None:
    found = _PAIR.match(number.text)
    real = parse_float(found[1]) if found else None
    imaginary = parse_float(found[2]) if found else None
    if real is None or imaginary is None:
        raise ValueError("syntax error scanning complex number")
    _simplify(number, complex(real, imaginary))


def _simplify(number: Number, value: complex) -> None:
    number.as_complex = value
    if value.imag == 0:
        number.as_float = value.real
        _whole_parts(number, value.real)
