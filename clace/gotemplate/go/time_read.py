"""Text to times by Go's layouts, refused in Go's words."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.durations import time_quote
from clace.gotemplate.go.time import CHUNK, DAYS, MONTHS, fixed_zone

_DAYS: Final = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TWO: Final = re.compile(r"[0-9]{2}", re.ASCII)
_ONE_OR_TWO: Final = re.compile(r"[0-9]{1,2}", re.ASCII)
_ZONE: Final = re.compile(
    r"GMT[+-][0-9]{1,2}|[A-Z]{3,4}(?![A-Z])|[A-Z]{4}T(?![A-Z])|[+-][0-9]{2}(?:[0-9]{2})?"
)
_OFFSETS: Final = {
    "07:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2})()", re.ASCII),
    "07": re.compile(r"([+-])([0-9]{2})()()", re.ASCII),
    "0700": re.compile(r"([+-])([0-9]{2})([0-9]{2})()", re.ASCII),
    "070000": re.compile(r"([+-])([0-9]{2})([0-9]{2})([0-9]{2})", re.ASCII),
    "07:00:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII),
}
_BOUNDS: Final = {"month": (1, 12), "hour": (0, 23), "minute": (0, 59), "second": (0, 59)}
_NUMBERS: Final = {
    "01": ("month", _TWO),
    "1": ("month", _ONE_OR_TWO),
    "02": ("day", _TWO),
    "2": ("day", _ONE_OR_TWO),
    "_2": ("day", _ONE_OR_TWO),
    "15": ("hour", _ONE_OR_TWO),
    "03": ("hour", _TWO),
    "3": ("hour", _ONE_OR_TWO),
    "04": ("minute", _TWO),
    "4": ("minute", _ONE_OR_TWO),
    "05": ("second", _TWO),
    "5": ("second", _ONE_OR_TWO),
    "002": ("yearday", re.compile(r"[0-9]{3}", re.ASCII)),
    "__2": ("yearday", re.compile(r"[0-9]{1,3}", re.ASCII)),
}


class _Bad(Exception):
    """A piece of the value that its piece of the layout does not describe."""


@dataclass(slots=True)
class _Fields:
    year: int = 0
    month: int = -1
    day: int = -1
    yearday: int = -1
    hour: int = 0
    minute: int = 0
    second: int = 0
    microsecond: int = 0
    half: str = ""
    zone: tzinfo | None = None


# Longer texts are refused, where Go would go on: reading them is slow work.
_LONGEST = 4000


class _Reader:
    """Walks a layout and a value side by side."""

    def __init__(self, layout: str, value: str) -> None:
        self._layout = layout
        self._value = value
        self._rest = value
        self.fields = _Fields()

    def fail(self, piece: str, rest: str, message: str = "") -> CallFault:
        shown = f"parsing time {time_quote(self._value)}"
        if message:
            return CallFault(shown + message)
        return CallFault(
            f"{shown} as {time_quote(self._layout)}: "
            f"cannot parse {time_quote(rest)} as {time_quote(piece)}"
        )

    def run(self) -> _Fields:
        at = 0
        for found in CHUNK.finditer(self._layout):
            self._skip(self._layout[at : found.start()])
            hold = self._rest
            try:
                self._take(found[0], self._layout[found.end() :])
            except _Bad:
                raise self.fail(found[0], hold) from None
            at = found.end()
        self._skip(self._layout[at:])
        if self._rest:
            raise self.fail("", "", f": extra text: {time_quote(self._rest)}")
        return self.fields

    def _skip(self, prefix: str) -> None:
        """Literal text; a space in the layout stands for any number of them."""
        rest = self._rest
        for char in prefix:
            if char == " ":
                if rest and rest[0] != " ":
                    raise self.fail(prefix, rest)
                rest = rest.lstrip(" ")
                continue
            if rest[:1] != char:
                raise self.fail(prefix, rest)
            rest = rest[1:]
        self._rest = rest

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._rest)
        if found is None:
            raise _Bad
        self._rest = self._rest[found.end() :]
        return found

    def _take(self, chunk: str, after: str) -> None:
        if chunk in _NUMBERS:
            self._number(chunk, after)
        elif chunk == "2006":
            self.fields.year = int(self._match(re.compile(r"[0-9]{4}", re.ASCII))[0])
        elif chunk == "06":
            year = int(self._match(_TWO)[0])
            self.fields.year = year + (1900 if year >= 69 else 2000)  # noqa: PLR2004
        elif chunk in ("January", "Jan"):
            names = MONTHS if chunk == "January" else tuple(name[:3] for name in MONTHS)
            self.fields.month = self._name(names) + 1
        elif chunk in ("Monday", "Mon"):
            self._name(DAYS if chunk == "Monday" else tuple(name[:3] for name in DAYS))
        elif chunk in ("PM", "pm"):
            self._half(chunk)
        elif chunk == "MST":
            self._zone_name()
        elif chunk[0] in ".,":
            self._fraction(chunk)
        else:
            self._offset(chunk)

    def _number(self, chunk: str, after: str) -> None:
        name, pattern = _NUMBERS[chunk]
        if chunk[0] == "_":
            self._rest = self._rest.removeprefix(" ")
            self._rest = self._rest.removeprefix(" ") if chunk == "__2" else self._rest
        value = int(self._match(pattern)[0])
        low, high = _BOUNDS.get(name, (0, 999))
        if name == "hour" and chunk != "15":
            high = 12
        if not low <= value <= high:
            raise self.fail("", "", f": {name} out of range")
        setattr(self.fields, name, value)
        following = CHUNK.match(after)
        if name == "second" and not (following and following[0][0] in ".,"):
            self._extra_fraction()

    def _extra_fraction(self) -> None:
        found = re.match(r"[.,]([0-9]+)", self._rest, re.ASCII)
        if found is not None:
            self.fields.microsecond = int(found[1][:6].ljust(6, "0"))
            self._rest = self._rest[found.end() :]

    def _name(self, names: tuple[str, ...]) -> int:
        for index, name in enumerate(names):
            if self._rest[: len(name)].lower() == name.lower():
                self._rest = self._rest[len(name) :]
                return index
        raise _Bad

    def _half(self, chunk: str) -> None:
        half = self._rest[:2]
        if half not in (("AM", "PM") if chunk == "PM" else ("am", "pm")):
            raise _Bad
        self.fields.half = half.upper()
        self._rest = self._rest[2:]

    def _zone_name(self) -> None:
        if self._rest.startswith("UTC"):
            self.fields.zone = UTC
            self._rest = self._rest[3:]
            return
        name = self._match(_ZONE)[0]
        hours = int(name[3:]) if name.startswith("GMT") and len(name) > 3 else 0  # noqa: PLR2004
        self.fields.zone = fixed_zone(hours * 3600, name)

    def _fraction(self, chunk: str) -> None:
        if chunk[1] == "9":
            found = re.match(r"[.,][0-9]+", self._rest, re.ASCII)
            if found is None:
                return
        else:
            found = re.match(rf"[.,][0-9]{{{len(chunk) - 1}}}", self._rest, re.ASCII)
            if found is None:
                raise _Bad
        self.fields.microsecond = int(found[0][1:7].ljust(6, "0"))
        self._rest = self._rest[found.end() :]

    def _offset(self, chunk: str) -> None:
        if chunk[0] == "Z" and self._rest.startswith("Z"):
            self.fields.zone = UTC
            self._rest = self._rest[1:]
            return
        found = self._match(_OFFSETS[chunk[1:]])
        hours, minutes, seconds = (int(found[group] or 0) for group in (2, 3, 4))
        for name, value, limit in (
            ("hour", hours, 24),
            ("minute", minutes, 60),
            ("second", seconds, 60),
        ):
            if value > limit:
                raise self.fail("", "", f": time zone offset {name} out of range")
        offset = (hours * 60 + minutes) * 60 + seconds
        self.fields.zone = fixed_zone(-offset if found[1] == "-" else offset)


def _calendar(reader: _Reader, fields: _Fields) -> tuple[int, int]:
    """Month and day, from the day of the year if that was given."""
    leap = calendar.isleap(fields.year)
    if fields.yearday >= 0:
        if not 1 <= fields.yearday <= 365 + leap:
            raise reader.fail("", "", ": day-of-year out of range")
        moment = datetime(2000 if leap else 2001, 1, 1, tzinfo=UTC)
        moment += timedelta(days=fields.yearday - 1)
        if fields.month >= 0 and fields.month != moment.month:
            raise reader.fail("", "", ": day-of-year does not match month")
        if fields.day >= 0 and fields.day != moment.day:
            raise reader.fail("", "", ": day-of-year does not match day")
        return moment.month, moment.day
    month, day = max(fields.month, 1), fields.day if fields.day >= 0 else 1
    last = 29 if month == 2 and leap else _DAYS[month]  # noqa: PLR2004
    if not 1 <= day <= last:
        raise reader.fail("", "", ": day out of range")
    return month, day


def parse_time(layout: str, value: str, default: tzinfo) -> datetime:
    """The moment that a value names; without a zone it is in ``default``."""
    if max(len(layout), len(value)) > _LONGEST:
        raise CallFault(f"parsing time: more than {_LONGEST} characters")
    reader = _Reader(layout, value)
    fields = reader.run()
    hour = fields.hour
    if fields.half == "PM" and hour < 12:  # noqa: PLR2004
        hour += 12
    elif fields.half == "AM" and hour == 12:  # noqa: PLR2004
        hour = 0
    month, day = _calendar(reader, fields)
    return datetime(
        max(fields.year, 1),
        month,
        day,
        hour,
        fields.minute,
        fields.second,
        fields.microsecond,
        tzinfo=fields.zone or default,
    )
