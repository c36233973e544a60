"""``clace config``: check a configuration file, show what holds, print the documented defaults."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import groupby

import click
from msgspec import Struct

from clace.cli.commands import FAILED, Group
from clace.cli.completing import files
from clace.cli.config_file import config_file, create
from clace.cli.formats import format_option, pretty
from clace.cli.outside import CommandSurroundings
from clace.cli.text import say, warn
from clace.config import (
    Location,
    Shown,
    dotted,
    effective,
    find,
    header_text,
    load,
    missing_folders,
    section_of,
    shipped_text,
    unreadable,
    unusable,
)
from clace.errors import ConfigError

text_format_option = format_option(("text", "json"), "text", "-f")


@click.group(cls=Group)
def config() -> None:
    """Check and show the configuration."""


class CheckedConfig(Struct, frozen=True):
    """Errors in a file, and warnings for its operator."""

    file: str
    ok: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@config.command()
@text_format_option
@click.argument("file", required=False, shell_complete=files)
@click.pass_obj
@click.pass_context
def check(
    context: click.Context, outside: CommandSurroundings, file: str | None, form: str
) -> None:
    """Check FILE, or the file that a server would read."""
    found = _checked(outside, file)
    if form == "json":
        say(pretty(found))
    else:
        _say_checked(found)
    if not found.ok:
        context.exit(FAILED)


def _checked(outside: CommandSurroundings, file: str | None) -> CheckedConfig:
    named = file or outside.config_file or ""
    try:
        location = _location(outside, file)
        named = str(location.file or "defaults")
        loaded = load(location, outside.environ)
    except ConfigError as error:
        return CheckedConfig(named, ok=False, problems=tuple(error.message.split("\n")))
    path = outside.environ.get("PATH", os.defpath)
    plugins = (f"{named}: {problem}" for problem in outside.plugin_problems(loaded))
    problems = (*unreadable(loaded, named), *unusable(loaded, named, path), *plugins)
    warnings = (*loaded.warnings, *missing_folders(loaded, named))
    return CheckedConfig(named, ok=not problems, problems=problems, warnings=warnings)


def _say_checked(found: CheckedConfig) -> None:
    # one place a line, as compilers do it: no "error: " before the first alone
    for problem in found.problems:
        say(problem, to_stderr=True)
    for warning in found.warnings:
        warn(warning)
    if found.ok:
        say(f"{found.file}: ok")


@config.command()
@text_format_option
@click.pass_obj
def show(outside: CommandSurroundings, form: str) -> None:
    """Show every value that holds and who said so; secrets are hidden."""
    values = effective(load(_location(outside), outside.environ))
    lines = _json_lines(values) if form == "json" else _text_lines(values)
    say("\n".join(lines))


@config.command()
@text_format_option
@click.argument("file", required=False, shell_complete=files)
@click.pass_obj
def init(outside: CommandSurroundings, file: str | None, form: str) -> None:
    """Write FILE, or clace.toml at home, with every key, its default and what it is for.

    A file that is there stays as it is, and the command fails.
    """
    path = config_file(outside, file)
    create(path, shipped_text())
    say(pretty({"file": str(path)}) if form == "json" else f"Wrote {path}")


@config.command()
def default() -> None:
    """Print every key with its default and what it is for."""
    say(shipped_text().removesuffix("\n"))


def _location(outside: CommandSurroundings, file: str | None = None) -> Location:
    return find(file or outside.config_file, outside.environ, program=outside.program)


def _json_lines(values: tuple[Shown, ...]) -> Iterator[str]:
    rows = [
        {"key": dotted(each.at), "value": each.value, "origin": str(each.origin)} for each in values
    ]
    yield pretty(rows)


def _text_lines(values: tuple[Shown, ...]) -> Iterator[str]:
    for header, group in groupby(values, lambda each: section_of(each.at)[0]):
        if header:
            yield f"\n{header_text(header)}"
        for each in group:
            key = dotted(section_of(each.at)[1])
            yield f"{key} = {json.dumps(each.value, ensure_ascii=False)}  # {each.origin}"
