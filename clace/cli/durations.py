"""Spans of time as commands take them: 90m, 12h, 30d."""

from __future__ import annotations

import re

from clace.cli.commands import misused

_DURATION = re.compile(r"([1-9][0-9]{0,8})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def seconds_of(text: str) -> int:
    """:raises click.UsageError: if it is not a number and a unit."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise misused(f'expected a time such as 12h or 30d, not "{text}"')
    return int(found[1]) * _SECONDS[found[2]]
