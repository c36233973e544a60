"""Go's ``time.Duration``: nanoseconds with a text like ``1h2m3s``."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.types import stringer
from clace.gotemplate.go.values import Sized, encode, wrap

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
_UNITS: Final = {
    "ns": 1,
    "us": 1000,
    "\u00b5s": 1000,
    "\u03bcs": 1000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_PART: Final = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)", re.ASCII)
_MAX: Final = 1 << 63


class Duration(Sized):
    """A length of time in nanoseconds."""

    __slots__ = ()
    go_type = "time.Duration"
    go_kind = "int64"


def time_quote(text: str) -> str:
    """The text as the time package quotes it: bytes that are not plain ASCII in hexadecimal."""
    shown = "".join(
        "\\" + chr(byte)
        if byte in b'"\\'
        else chr(byte)
        if 0x20 <= byte < 0x80  # noqa: PLR2004
        else f"\\x{byte:02x}"
        for byte in encode(text)
    )
    return f'"{shown}"'


def duration_text(value: int) -> str:
    """``1h2m3.5s``, in smaller units below a second."""
    sign, size = ("-" if value < 0 else ""), abs(value)
    if size == 0:
        return "0s"
    if size < SECOND:
        unit, scale = next(
            item for item in (("ms", 1_000_000), ("\u00b5s", 1000), ("ns", 1)) if size >= item[1]
        )
        return f"{sign}{_fraction(size, scale)}{unit}"
    minutes, seconds = divmod(size, MINUTE)
    text = f"{_fraction(seconds, SECOND)}s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = (f"{hours}h" if hours else "") + f"{minutes}m" + text
    return sign + text


def _fraction(value: int, scale: int) -> str:
    whole, rest = divmod(value, scale)
    digits = str(rest).rjust(len(str(scale)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


def parse_duration(text: str) -> Duration:
    """The duration of a text; ``CallFault`` in Go's words."""
    negative = text[:1] == "-"
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return Duration(0)
    total, at = 0, 0
    if not rest:
        raise _invalid(text)
    while at < len(rest):
        found = _PART.match(rest, at)
        assert found is not None
        total += _part(text, found)
        if total > _MAX:
            raise _invalid(text)
        at = found.end()
    if total == _MAX and not negative:
        raise _invalid(text)
    return Duration(-total if negative else total)


def _invalid(text: str, what: str = "invalid duration") -> CallFault:
    return CallFault(f"time: {what} {time_quote(text)}")


def _part(text: str, found: re.Match[str]) -> int:
    digits, fraction, unit = found[1], (found[2] or "")[1:], found[3]
    if (not digits and not fraction) or len(digits) > 19:  # noqa: PLR2004
        raise _invalid(text)
    if not unit:
        raise _invalid(text, "missing unit in duration")
    if unit not in _UNITS:
        raise _invalid(text, f"unknown unit {time_quote(unit)} in duration")
    scale = _UNITS[unit]
    if int(digits or 0) > _MAX // scale:
        raise _invalid(text)
    value = int(digits or 0) * scale
    if fraction:
        kept = fraction[:18]
        value += int(float(int(kept)) * (float(scale) / float(10 ** len(kept))))
    return value


def rounded(value: int, unit: int) -> int:
    """The nearest multiple of a unit, half away from zero."""
    if unit <= 0:
        return value
    size = (abs(value) + unit // 2) // unit * unit
    return wrap(-size if value < 0 else size)


stringer(Duration, duration_text)
