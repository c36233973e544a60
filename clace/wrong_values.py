"""The words for values of a wrong type or size, which msgspec found: the place comes first."""

from __future__ import annotations

import re
from typing import Any

from msgspec import MsgspecError

_AT = re.compile(r"(?P<problem>.*) - at (?P<key>`key` in )?`\$\.?(?P<place>[^`]*)`", re.DOTALL)
_STEP = re.compile(r"\.?([^.\[\]]+)|\[([0-9]+)\]")
_NAMES = {
    "str": "a string",
    "int": "an int",
    "float": "a float",
    "bool": "a bool",
    "array": "a list",
    "object": "a dict",
    "null": "None",
}
_WORDS = (
    (re.compile("^Object missing required field "), "missing field "),
    (re.compile("^Object contains unknown field "), "unknown field "),
    (re.compile("^Invalid enum value "), "invalid value "),
    (re.compile("^Expected "), "expected "),
    (re.compile("(`| of length) <= "), r"\1 of at most "),
    (re.compile("(`| of length) >= "), r"\1 of at least "),
    (re.compile(" of length of at "), " of length at "),
)
_QUOTED = re.compile(r"`([^`]*)`")


def wrong_value(error: Exception, given: Any = None) -> str:
    """Return ``port: expected an int of at most 65535, got 99999`` for an error of msgspec.

    A number outside its limits is looked up in ``given``, which was converted. No other value is
    told, since it may be a secret. Other errors keep their words.
    """
    if not isinstance(error, MsgspecError):
        return str(error)
    found = _AT.fullmatch(str(error))
    problem = _in_words(found["problem"] if found else str(error))
    if found is None or found["key"]:
        return f"{found['place'] or 'keys'}: in a key {problem}" if found else problem
    if " of at " in problem and (number := _number_at(given, found["place"])) is not None:
        problem += f", got {number}"
    return f"{found['place']}: {problem}"


def _in_words(problem: str) -> str:
    for written, words in _WORDS:
        problem = written.sub(words, problem)
    return _QUOTED.sub(lambda kinds: _kinds(kinds[1]), problem)


def _kinds(written: str) -> str:
    return " or ".join(_NAMES.get(kind, kind) for kind in written.split(" | "))


def _number_at(value: Any, place: str) -> int | float | None:
    for name, number in _STEP.findall(place):
        try:
            value = value[name or int(number)]
        except (LookupError, TypeError):
            return None
    return value if isinstance(value, int | float) else None
