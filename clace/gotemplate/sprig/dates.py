"""sprig's date functions, the methods of times, and the server's ``relTime``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.durations import (
    HOUR,
    MINUTE,
    SECOND,
    Duration,
    duration_text,
    parse_duration,
    rounded,
)
from clace.gotemplate.go.printing import text_of
from clace.gotemplate.go.time import (
    DAYS,
    MONTHS,
    ZERO,
    format_time,
    from_unix,
    local_zone,
    time_text,
    unix,
    zone,
)
from clace.gotemplate.go.time_read import parse_time
from clace.gotemplate.go.types import stringer
from clace.gotemplate.go.values import INT_MAX, INT_MIN, Int64, Sized, wrap
from clace.gotemplate.language.methods import register
from clace.gotemplate.language.signatures import Function, Library, signature

DATES: Final = Library()
_MICRO: Final = timedelta(microseconds=1)
_DAY: Final = 24 * HOUR


class Month(Sized):
    __slots__ = ()
    go_type = "time.Month"
    go_kind = "int"


class Weekday(Sized):
    __slots__ = ()
    go_type = "time.Weekday"
    go_kind = "int"


stringer(Month, lambda month: MONTHS[month - 1])
stringer(Weekday, DAYS.__getitem__)


def _now() -> datetime:
    return datetime.now(UTC)


def nanoseconds(span: timedelta) -> int:
    return span // _MICRO * 1000


def later(moment: datetime, span: int) -> datetime:
    """The moment a duration after another, kept within the years that dates have here."""
    try:
        return moment + timedelta(microseconds=span // 1000)
    except OverflowError:
        raise CallFault("time is out of range") from None


def in_zone(moment: datetime, name: str) -> datetime:
    try:
        return moment.astimezone(zone(name))
    except (OverflowError, ValueError):
        return moment


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if type(value) in (int, Int64):
        return from_unix(value)
    return _now()


@DATES.add("now")
def now() -> datetime:
    return _now().astimezone(local_zone())


@DATES.add("date", "string, any")
def date(layout: str, value: Any) -> str:
    return date_in_zone(layout, value, "Local")


@DATES.add("dateInZone date_in_zone", "string, any, string")
def date_in_zone(layout: str, value: Any, name: str) -> str:
    return format_time(in_zone(_moment(value), name), layout)


@DATES.add("htmlDate", "any")
def html_date(value: Any) -> str:
    return date_in_zone("2006-01-02", value, "Local")


@DATES.add("htmlDateInZone", "any, string")
def html_date_in_zone(value: Any, name: str) -> str:
    return date_in_zone("2006-01-02", value, name)


@DATES.add("dateModify date_modify", "string, time")
def date_modify(text: str, moment: datetime) -> datetime:
    try:
        return later(moment, parse_duration(text))
    except CallFault:
        return moment


@DATES.add("mustDateModify must_date_modify", "string, time")
def must_date_modify(text: str, moment: datetime) -> datetime:
    return later(moment, parse_duration(text))


@DATES.add("ago", "any")
def ago(value: Any) -> str:
    return duration_text(rounded(nanoseconds(_now() - _moment(value)), SECOND))


@DATES.add("duration", "any")
def duration(value: Any) -> str:
    seconds = 0
    if type(value) is Int64:
        seconds = int(value)
    elif type(value) is str:
        digits = value[1:] if value[:1] in ("+", "-") else value
        seconds = int(value[:40]) if digits.isascii() and digits.isdigit() else 0
        seconds = max(INT_MIN, min(seconds, INT_MAX))
    return duration_text(wrap(seconds * SECOND))


@DATES.add("durationRound", "any")
def duration_round(value: Any) -> str:
    """The largest whole unit of a duration, of seconds or of the time since a moment."""
    span = 0
    if type(value) is Int64:
        span = int(value)
    elif isinstance(value, datetime):
        span = nanoseconds(_now() - value)
    elif type(value) is str:
        try:
            span = parse_duration(value)
        except CallFault:
            span = 0
    size = abs(span)
    units = (
        (365 * _DAY, "y"),
        (30 * _DAY, "mo"),
        (_DAY, "d"),
        (HOUR, "h"),
        (MINUTE, "m"),
        (SECOND, "s"),
    )
    return next((f"{size // unit}{name}" for unit, name in units if size > unit), "0s")


@DATES.add("toDate", "string, string")
def to_date(layout: str, text: str) -> datetime:
    try:
        return parse_time(layout, text, local_zone())
    except CallFault:
        return ZERO


@DATES.add("mustToDate", "string, string")
def must_to_date(layout: str, text: str) -> datetime:
    return parse_time(layout, text, local_zone())


@DATES.add("unixEpoch", "time")
def unix_epoch(moment: datetime) -> str:
    return str(unix(moment))


@DATES.add("relTime", "any, any...")
def rel_time(value: Any, *units: Any) -> str:
    """``3 hours ago`` for a time or its RFC 3339 text; ``-`` for what is neither."""
    moment = _readable(value)
    if moment is None or moment == ZERO:
        return "-"
    span = nanoseconds(_now() - moment)
    count = int(units[0]) if units and isinstance(units[0], int) else 1
    shown = _in_words(abs(span) // SECOND, max(count, 1))
    if not shown:
        return "just now"
    return f"{shown} ago" if span >= 0 else f"in {shown}"


def _readable(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return parse_time("2006-01-02T15:04:05Z07:00", text_of(value), UTC)
    except CallFault:
        return None


def _in_words(seconds: int, count: int) -> str:
    words = []
    for size, name in (
        (365 * 86400, "year"),
        (30 * 86400, "month"),
        (7 * 86400, "week"),
        (86400, "day"),
        (3600, "hour"),
        (60, "minute"),
        (1, "second"),
    ):
        amount, seconds = divmod(seconds, size)
        if amount:
            words.append(f"{amount} {name}{'' if amount == 1 else 's'}")
    return " ".join(words[:count])


def _add_date(moment: datetime, years: int, months: int, days: int) -> datetime:
    month = moment.month - 1 + months
    year = moment.year + years + month // 12
    try:
        first = moment.replace(year=year, month=month % 12 + 1, day=1)
        return first + timedelta(days=moment.day - 1 + days)
    except (OverflowError, ValueError):
        raise CallFault("time is out of range") from None


_TIME_METHODS: Final[dict[str, tuple[str, Callable[..., Any]]]] = {
    "Format": ("string", format_time),
    "String": ("", time_text),
    "Year": ("", lambda moment: moment.year),
    "Month": ("", lambda moment: Month(moment.month)),
    "Day": ("", lambda moment: moment.day),
    "Hour": ("", lambda moment: moment.hour),
    "Minute": ("", lambda moment: moment.minute),
    "Second": ("", lambda moment: moment.second),
    "Nanosecond": ("", lambda moment: moment.microsecond * 1000),
    "YearDay": ("", lambda moment: moment.timetuple().tm_yday),
    "Weekday": ("", lambda moment: Weekday(moment.isoweekday() % 7)),
    "Unix": ("", lambda moment: Int64(unix(moment))),
    "UnixMilli": ("", lambda moment: Int64(unix(moment) * 1000 + moment.microsecond // 1000)),
    "UnixMicro": ("", lambda moment: Int64(unix(moment) * 1_000_000 + moment.microsecond)),
    "UnixNano": (
        "",
        lambda moment: Int64(unix(moment) * SECOND + moment.microsecond * 1000),
    ),
    "IsZero": ("", lambda moment: moment == ZERO),
    "UTC": ("", lambda moment: in_zone(moment, "UTC")),
    "Local": ("", lambda moment: in_zone(moment, "Local")),
    "After": ("time", lambda moment, other: moment > other),
    "Before": ("time", lambda moment, other: moment < other),
    "Equal": ("time", lambda moment, other: moment == other),
    "Compare": ("time", lambda moment, other: (moment > other) - (moment < other)),
    "Sub": ("time", lambda moment, other: Duration(nanoseconds(moment - other))),
    "Add": ("time.Duration", later),
    "AddDate": ("int, int, int", _add_date),
}
_DURATION_METHODS: Final[dict[str, tuple[str, Callable[..., Any]]]] = {
    "String": ("", duration_text),
    "Hours": ("", lambda span: span / HOUR),
    "Minutes": ("", lambda span: span / MINUTE),
    "Seconds": ("", lambda span: span / SECOND),
    "Milliseconds": ("", lambda span: Int64(int(span / 1_000_000))),
    "Microseconds": ("", lambda span: Int64(int(span / 1000))),
    "Nanoseconds": ("", Int64),
    "Abs": ("", lambda span: Duration(abs(span))),
    "Round": ("time.Duration", lambda span, unit: Duration(rounded(span, unit))),
}
for _kind, _methods in ((datetime, _TIME_METHODS), (Duration, _DURATION_METHODS)):
    register(
        _kind,
        {
            name: Function(name, call, *signature(params))
            for name, (params, call) in _methods.items()
        },
    )
register(Month, {"String": Function("String", lambda month: MONTHS[month - 1], ())})
register(Weekday, {"String": Function("String", DAYS.__getitem__, ())})
