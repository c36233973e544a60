"""sprig's arithmetic: 64-bit integers that wrap, and decimals behind the ``f`` functions."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.casts import float_to_int, to_float, to_int, to_int64
from clace.gotemplate.go.printing import text_of
from clace.gotemplate.go.values import INT_MAX, INT_MIN, Int64, Slice, wrap
from clace.gotemplate.language.literals import parse_integer
from clace.gotemplate.language.signatures import Library
from clace.gotemplate.limits import Meter

NUMBERS: Final = Library()
_DECIMALS: Final = Context(prec=800)
_DIVISION_PLACES: Final = Decimal(1).scaleb(-16)
_random: Final = random.SystemRandom()


def _int64(value: int) -> Int64:
    return Int64(wrap(value))


@NUMBERS.add("int64", "any")
def int64(value: Any) -> Int64:
    return to_int64(value)


@NUMBERS.add("int", "any")
def integer(value: Any) -> int:
    return to_int(value)


@NUMBERS.add("float64", "any")
def float64(value: Any) -> float:
    return to_float(value)


@NUMBERS.add("atoi", "string")
def atoi(text: str) -> int:
    """A decimal integer; one too large becomes the nearest, anything else 0."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        return 0
    return max(INT_MIN, min(INT_MAX, int(text[:30]) if len(text) > 30 else int(text)))  # noqa: PLR2004


@NUMBERS.add("toDecimal", "any")
def to_decimal(value: Any) -> Int64:
    """Octal text as a number."""
    text = text_of(value)
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits or any(char not in "01234567" for char in digits):
        return Int64(0)
    found = parse_integer(("-0o" if text[0] == "-" else "0o") + digits)
    return Int64(found) if found is not None and INT_MIN <= found <= INT_MAX else Int64(0)


@NUMBERS.add("add1", "any")
def add1(value: Any) -> Int64:
    return _int64(to_int(value) + 1)


@NUMBERS.add("add", "any...")
def add(*values: Any) -> Int64:
    return _int64(sum(map(to_int, values)))


@NUMBERS.add("sub", "any, any")
def sub(first: Any, second: Any) -> Int64:
    return _int64(to_int(first) - to_int(second))


@NUMBERS.add("div", "any, any")
def div(first: Any, second: Any) -> Int64:
    top, bottom = to_int(first), to_int(second)
    if bottom == 0:
        raise CallFault("runtime error: integer divide by zero")
    quotient = abs(top) // abs(bottom)
    return _int64(quotient if (top < 0) == (bottom < 0) else -quotient)


@NUMBERS.add("mod", "any, any")
def mod(first: Any, second: Any) -> Int64:
    top, bottom = to_int(first), to_int(second)
    if bottom == 0:
        raise CallFault("runtime error: integer divide by zero")
    rest = abs(top) % abs(bottom)
    return Int64(-rest if top < 0 else rest)


@NUMBERS.add("mul", "any, any...")
def mul(first: Any, *others: Any) -> Int64:
    product = to_int(first)
    for value in others:
        product = wrap(product * to_int(value))
    return Int64(product)


@NUMBERS.add("max biggest", "any, any...")
def maximum(*values: Any) -> Int64:
    return Int64(max(map(to_int, values)))


@NUMBERS.add("min", "any, any...")
def minimum(*values: Any) -> Int64:
    return Int64(min(map(to_int, values)))


def _extreme(values: tuple[Any, ...], pick: Callable[[float, float], float]) -> float:
    numbers = [to_float(value) for value in values]
    found = numbers[0]
    for number in numbers[1:]:
        if math.isnan(found) or math.isnan(number):
            infinite = pick(-math.inf, math.inf)
            found = infinite if infinite in (found, number) else math.nan
        else:
            found = pick(found, number)
    return found


@NUMBERS.add("maxf", "any, any...")
def maxf(*values: Any) -> float:
    return _extreme(values, max)


@NUMBERS.add("minf", "any, any...")
def minf(*values: Any) -> float:
    return _extreme(values, min)


@NUMBERS.add("floor", "any")
def floor(value: Any) -> float:
    return _whole(to_float(value), math.floor)


@NUMBERS.add("ceil", "any")
def ceil(value: Any) -> float:
    return _whole(to_float(value), math.ceil)


def _whole(number: float, change: Callable[[float], int]) -> float:
    if math.isnan(number) or math.isinf(number):
        return number
    return math.copysign(float(change(number)), number)


@NUMBERS.add("round", "any, int, float64...")
def round_half(value: Any, places: int, *on: float) -> float:
    """Round at ``places``, up from ``on`` (one half if not given)."""
    try:
        power = math.pow(10, places)
    except OverflowError:
        power = math.inf
    digit = power * to_float(value)
    fraction = math.modf(digit)[0] if math.isfinite(digit) else math.nan
    change = math.ceil if fraction >= (on[0] if on else 0.5) else math.floor
    rounded = _whole(digit, change)
    return (
        rounded / power if power else math.nan if rounded == 0 else math.copysign(math.inf, rounded)
    )


def _decimal(value: Any) -> Decimal:
    number = to_float(value)
    if not math.isfinite(number):
        shown = "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
        raise CallFault(f"Cannot create a Decimal from {shown}")
    return Decimal(repr(number))


def _fold(values: tuple[Any, ...], step: Callable[[Decimal, Decimal], Decimal]) -> float:
    numbers = [_decimal(value) for value in values]
    found = numbers[0]
    for number in numbers[1:]:
        found = step(found, number)
    return float(found) or 0.0


@NUMBERS.add("add1f", "any")
def add1f(value: Any) -> float:
    return _fold((value, 1), _DECIMALS.add)


@NUMBERS.add("addf", "any...")
def addf(*values: Any) -> float:
    return _fold((0.0, *values), _DECIMALS.add)


@NUMBERS.add("subf", "any, any...")
def subf(*values: Any) -> float:
    return _fold(values, _DECIMALS.subtract)


@NUMBERS.add("mulf", "any, any...")
def mulf(*values: Any) -> float:
    return _fold(values, _DECIMALS.multiply)


@NUMBERS.add("divf", "any, any...")
def divf(*values: Any) -> float:
    return _fold(values, _divide)


def _divide(top: Decimal, bottom: Decimal) -> Decimal:
    """To sixteen places, half away from zero."""
    if not bottom:
        raise CallFault("decimal division by 0")
    exact = _DECIMALS.divide(top, bottom)
    return exact.quantize(_DIVISION_PLACES, "ROUND_HALF_UP", _DECIMALS)


def steps(meter: Meter, start: int, stop: int, step: int) -> list[int]:
    """The numbers from start up or down to stop, or none if the step leads away."""
    if (stop < start and step >= 0) or (stop >= start and step <= 0):
        return []
    numbers = range(start, stop, step)
    meter.reserve(len(numbers))
    return list(numbers)


@NUMBERS.add("until", "int", metered=True)
def until(meter: Meter, count: int) -> Slice:
    return Slice(steps(meter, 0, count, -1 if count < 0 else 1), elem="int")


@NUMBERS.add("untilStep", "int, int, int", metered=True)
def until_step(meter: Meter, start: int, stop: int, step: int) -> Slice:
    return Slice(steps(meter, start, stop, step), elem="int")


@NUMBERS.add("seq", "int...", metered=True)
def seq(meter: Meter, *params: int) -> str:
    """Numbers between spaces: ``seq end``, ``seq start end`` or ``seq start step end``."""
    if not 1 <= len(params) <= 3:  # noqa: PLR2004
        return ""
    start, end = (1 if len(params) == 1 else params[0]), params[-1]
    direction = -1 if end < start else 1
    step = params[1] if len(params) == 3 else direction  # noqa: PLR2004
    if len(params) == 3 and direction < 0 < step:  # noqa: PLR2004
        return ""
    return " ".join(map(str, steps(meter, start, end + direction, step)))


@NUMBERS.add("randInt", "int, int")
def rand_int(low: int, high: int) -> int:
    if high - low <= 0:
        raise CallFault("invalid argument to Intn")
    return _random.randrange(low, high)


def truncated(value: float) -> int:
    """A float as Go converts it to an integer."""
    return float_to_int(value)
