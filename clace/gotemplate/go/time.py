"""Times written and read by Go's layouts, in which a reference moment stands for itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from clace.gotemplate.go.types import json_texter, stringer

ZERO: Final = datetime(1, 1, 1, tzinfo=UTC)
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
CHUNK: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|01|02|03|04|05|06|002|15|1|2006|(?<=_)2006"
    r"|__2|_2(?!006)|2|3|4|5|PM|pm|-070000|-07:00:00|-0700|-07:00|-07"
    r"|Z070000|Z07:00:00|Z0700|Z07:00|Z07|[.,](?:0+|9+)(?![0-9])"
)
_OFFSETS: Final = {
    "0700": (1, 2),
    "07:00": (1, 3),
    "07": (0, 1),
    "070000": (2, 4),
    "07:00:00": (2, 5),
}


def local_zone() -> tzinfo:
    """The zone of the machine; of no fixed offset."""
    return _Local()


class _Local(tzinfo):
    """The machine's zone, asked for each moment."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return self._aware(moment).utcoffset() or timedelta()

    def tzname(self, moment: datetime | None) -> str:
        return self._aware(moment).tzname() or ""

    def dst(self, _: datetime | None) -> timedelta:
        return timedelta()

    def fromutc(self, moment: datetime) -> datetime:
        naive = moment.replace(tzinfo=UTC)
        try:
            return naive.astimezone().replace(tzinfo=self)
        except (OverflowError, ValueError, OSError):
            return moment

    @staticmethod
    def _aware(moment: datetime | None) -> datetime:
        naive = (moment or datetime.now(UTC)).replace(tzinfo=None)
        try:
            return naive.astimezone()
        except (OverflowError, ValueError, OSError):
            return naive.replace(tzinfo=UTC)


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """Return a zone by name, UTC for an unknown one."""
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return local_zone()
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def from_unix(seconds: int) -> datetime:
    """A moment by its seconds since 1970, kept within the years that dates have here."""
    limit = 62_135_596_800
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        seconds=max(-limit, min(seconds, 253_402_300_799))
    )


def unix(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _zone_name(moment: datetime) -> str:
    name = moment.tzname() or ""
    if name.startswith("UTC") and len(name) > 3:  # noqa: PLR2004
        name = ""
    return name


def _offset_text(moment: datetime, layout: str) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    if layout[0] == "Z" and seconds == 0:
        return "Z"
    sign, size = ("-" if seconds < 0 else "+"), abs(seconds)
    colon = ":" if ":" in layout else ""
    text = f"{sign}{size // 3600:02d}"
    if len(layout) > 3:  # noqa: PLR2004
        text += f"{colon}{size // 60 % 60:02d}"
    if layout[1:] in ("070000", "07:00:00"):
        text += f"{colon}{size % 60:02d}"
    return text


def _fraction(moment: datetime, layout: str) -> str:
    digits = f"{moment.microsecond:06d}000"[: len(layout) - 1].ljust(len(layout) - 1, "0")
    if layout[1] == "9":
        digits = digits.rstrip("0")
        return layout[0] + digits if digits else ""
    return layout[0] + digits


def _chunk(moment: datetime, layout: str) -> str:
    first = layout[0]
    if first in "-Z":
        return _offset_text(moment, layout)
    if first in ".,":
        return _fraction(moment, layout)
    hour12 = moment.hour % 12 or 12
    yearday = moment.timetuple().tm_yday
    day = DAYS[moment.isoweekday() % 7]
    return {
        "January": MONTHS[moment.month - 1],
        "Jan": MONTHS[moment.month - 1][:3],
        "1": str(moment.month),
        "01": f"{moment.month:02d}",
        "Monday": day,
        "Mon": day[:3],
        "2": str(moment.day),
        "_2": f"{moment.day:2d}",
        "02": f"{moment.day:02d}",
        "__2": f"{yearday:3d}",
        "002": f"{yearday:03d}",
        "15": f"{moment.hour:02d}",
        "3": str(hour12),
        "03": f"{hour12:02d}",
        "4": str(moment.minute),
        "04": f"{moment.minute:02d}",
        "5": str(moment.second),
        "05": f"{moment.second:02d}",
        "2006": f"{moment.year:04d}",
        "06": f"{moment.year % 100:02d}",
        "PM": "PM" if moment.hour >= 12 else "AM",  # noqa: PLR2004
        "pm": "pm" if moment.hour >= 12 else "am",  # noqa: PLR2004
        "MST": _zone_name(moment) or _short_offset(moment),
    }[layout]


def _short_offset(moment: datetime) -> str:
    """Return the offset that stands for the name of a nameless zone: ``+03`` or ``+0330``."""
    text = _offset_text(moment, "-0700")
    return text[:3] if text.endswith("00") else text


def format_time(moment: datetime, layout: str) -> str:
    """The moment in a layout such as ``2006-01-02 15:04``."""
    known: dict[str, str] = {}

    def shown(found: re.Match[str]) -> str:
        text = known.get(found[0])
        if text is None:
            text = known[found[0]] = _chunk(moment, found[0])
        return text

    return CHUNK.sub(shown, layout)


def time_text(moment: datetime) -> str:
    """Go's ``String`` of a time."""
    return format_time(moment, "2006-01-02 15:04:05.999999999 -0700 MST")


def fixed_zone(seconds: int, name: str = "") -> tzinfo:
    """A zone of one offset, with a name only if it was given one."""
    return (
        timezone(timedelta(seconds=seconds), name) if name else timezone(timedelta(seconds=seconds))
    )


stringer(datetime, time_text)
json_texter(datetime, lambda moment: format_time(moment, "2006-01-02T15:04:05.999999999Z07:00"))
