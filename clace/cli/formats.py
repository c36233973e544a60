"""The formats in which lists are printed, whatever they are of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from clace.errors import BadRequest
from clace.text import one_line

Render = Callable[[Sequence[Any]], str]


def rendered(things: Sequence[Any], form: str, formats: Mapping[str, Render]) -> str:
    """The things in one of the formats; nothing at all for none, where that is the format.

    :raises BadRequest: there is no such format; the text names those that there are.
    """
    if form not in formats:
        known = ", ".join(formats)
        raise BadRequest(f'invalid format "{form}": valid options are {known}')
    return formats[form](things)


def as_json(things: Sequence[Any]) -> str:
    return pretty(things) + "\n"


def as_json_lines(things: Sequence[Any]) -> str:
    return lines(msgspec.json.encode(thing).decode() for thing in things)


def as_pretty_lines(things: Sequence[Any]) -> str:
    return lines(map(pretty, things))


def pretty(value: object) -> str:
    """JSON for people."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def lines(texts: Iterable[str]) -> str:
    """Each text on a line, without spaces at its end."""
    return "".join(f"{text.rstrip()}\n" for text in texts)


def columns(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> str:
    """Rows with each cell in its column and on its line; the last has no width."""
    return lines(
        " ".join(
            f"{one_line(cell):<{width}}" for cell, width in zip(row, (*widths, 0), strict=True)
        )
        for row in rows
    )
