"""``clace doctor``: which walls around apps this machine can put up. It needs no server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click
from msgspec import Struct

from clace.cli.commands import FAILED, Command
from clace.cli.formats import columns, format_option, pretty
from clace.cli.outside import CommandSurroundings
from clace.cli.text import say
from clace.config import find, load
from clace.model import (
    PROCESS_WALLS,
    WALLS,
    WallName,
    demanded,
    demanded_of_processes,
    missing,
)

_WIDTHS = (22, 8, 8, 11)
_HOST, _PROGRAM, _CONTAINER, _BUILD = "app", "program", "container", "build"


class WallFound(Struct, frozen=True):
    """A wall as it is here; ``reason`` says why it is missing. It is ``around`` the host that runs
    an app, around the program that an app declares, or a fact of containers or builds.
    """

    name: str
    around: str
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
    absent_of_programs = missing(outside.program_walls(config), PROCESS_WALLS)
    found = (
        *_found(WALLS, _HOST, absent),
        *_found(PROCESS_WALLS, _PROGRAM, absent_of_programs),
        *_facts(_CONTAINER, outside.containers(config)),
        *_facts(_BUILD, outside.packages(config)),
    )
    say(pretty(found) if form == "json" else _table(found))
    needed = demanded(all_of_them=config.security.sandbox == "required")
    of_programs = demanded_of_processes(all_of_them=config.security.process_wall == "strong")
    if set(needed) & set(absent) or set(of_programs) & set(absent_of_programs):
        context.exit(FAILED)


def _found(
    walls: tuple[WallName, ...], around: str, absent: Mapping[str, str]
) -> Iterator[WallFound]:
    for wall in walls:
        reason = absent.get(wall.name, "")
        yield WallFound(
            wall.name, around, wall.name not in absent, wall.indispensable, wall.purpose, reason
        )


def _facts(around: str, facts: tuple[tuple[str, str, str], ...]) -> Iterator[WallFound]:
    for name, purpose, problem in facts:
        yield WallFound(name, around, not problem, False, purpose, problem)


def _table(found: tuple[WallFound, ...]) -> str:
    rows = [("Wall", "Around", "State", "Needed", "What it is for, or why it is missing")]
    rows += [
        (
            wall.name,
            wall.around,
            "active" if wall.active else "MISSING",
            "always" if wall.indispensable else _when(wall.around),
            wall.reason or wall.purpose,
        )
        for wall in found
    ]
    return columns(rows, _WIDTHS).removesuffix("\n")


def _when(around: str) -> str:
    return {_HOST: "if required", _PROGRAM: "if strong"}.get(around, "no")
