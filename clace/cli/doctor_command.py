"""``clace doctor``: which walls around apps this machine can put up. It needs no server."""

from __future__ import annotations

import click
from msgspec import Struct

from clace.cli.commands import FAILED, Command
from clace.cli.formats import columns, format_option, pretty
from clace.cli.outside import CommandSurroundings
from clace.cli.text import say
from clace.config import find, load
from clace.model import WALLS, demanded, missing

_WIDTHS = (22, 8, 15)


class WallFound(Struct, frozen=True):
    """A wall as it is here; ``reason`` says why it is missing."""

    name: str
    active: bool
    indispensable: bool
    purpose: str
    reason: str


@click.command(cls=Command)
@format_option(("table", "json"), "table", "-f")
@click.pass_obj
@click.pass_context
def doctor(context: click.Context, outside: CommandSurroundings, form: str) -> None:
    """Show which walls around apps stand on this machine, and what is missing."""
    config = load(
        find(outside.config_file, outside.environ, program=outside.program), outside.environ
    )
    absent = missing(outside.walls(config))
    found = tuple(
        WallFound(wall.name, wall.name not in absent, wall.indispensable, wall.purpose, reason)
        for wall in WALLS
        for reason in (absent.get(wall.name, ""),)
    )
    say(pretty(found) if form == "json" else _table(found))
    needed = demanded(all_of_them=config.security.sandbox == "required")
    if set(needed) & set(absent):
        context.exit(FAILED)


def _table(found: tuple[WallFound, ...]) -> str:
    rows = [("Wall", "State", "Needed", "What it is for, or why it is missing")]
    rows += [
        (
            wall.name,
            "active" if wall.active else "MISSING",
            "always" if wall.indispensable else "if required",
            wall.reason or wall.purpose,
        )
        for wall in found
    ]
    return columns(rows, _WIDTHS).removesuffix("\n")
