"""``clace config``: check a configuration file, show what holds, print the documented defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

import click

from clace.cli.commands import Group
from clace.cli.outside import Outside
from clace.cli.text import say, warn
from clace.config import Location, Shown, effective, find, load, shipped_text
from clace.config.places import dotted, header_text, section_of
from clace.errors import ConfigError


@click.group(cls=Group)
def config() -> None:
    """Check and show the configuration."""


@config.command()
@click.argument("file", required=False)
@click.pass_obj
@click.pass_context
def check(context: click.Context, outside: Outside, file: str | None) -> None:
    """Check FILE, or the file that a server would read."""
    try:
        location = _location(outside, file)
        warnings = load(location, outside.environ).warnings
    except ConfigError as error:
        # one place a line, as compilers do it: no "error: " before the first alone
        say(error.message, to_stderr=True)
        context.exit(1)
    for warning in warnings:
        warn(warning)
    say(f"{location.file or 'defaults'}: ok")


@config.command()
@click.option("--format", "-f", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_obj
def show(outside: Outside, form: str) -> None:
    """Show every value that holds and who said so; secrets are hidden."""
    values = effective(load(_location(outside), outside.environ))
    lines = _json_lines(values) if form == "json" else _text_lines(values)
    say("\n".join(lines))


@config.command()
def default() -> None:
    """Print every key with its default and what it is for."""
    say(shipped_text().removesuffix("\n"))


def _location(outside: Outside, file: str | None = None) -> Location:
    return find(file or outside.config_file, outside.environ, program=outside.program)


def _json_lines(values: tuple[Shown, ...]) -> Iterator[str]:
    rows = [
        {"key": dotted(each.at), "value": each.value, "origin": str(each.origin)} for each in values
    ]
    yield json.dumps(rows, indent=2)


def _text_lines(values: tuple[Shown, ...]) -> Iterator[str]:
    for header, group in groupby(values, lambda each: section_of(each.at)[0]):
        if header:
            yield f"\n{header_text(header)}"
        for each in group:
            key = dotted(section_of(each.at)[1])
            yield f"{key} = {json.dumps(each.value, ensure_ascii=False)}  # {each.origin}"
