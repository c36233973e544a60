"""``clace config``: check a configuration file, show what holds, print the documented defaults."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from clace.config import Location, Shown, effective, find, load, shipped_text
from clace.config.places import dotted, header_text, section_of
from clace.errors import ConfigError


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@click.argument("file", required=False)
@click.pass_context
def check(context: click.Context, file: str | None) -> None:
    """Check FILE, or the file that a server would read."""
    try:
        location = _location(context, file)
        warnings = load(location, os.environ).warnings
    except ConfigError as error:
        click.echo(error.message, err=True)
        context.exit(1)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{location.file or 'defaults'}: ok")


@config.command()
@click.option("--format", "-f", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def show(context: click.Context, form: str) -> None:
    """Show every value that holds and who said so; secrets are hidden."""
    values = effective(load(_location(context), os.environ))
    lines = _json_lines(values) if form == "json" else _text_lines(values)
    click.echo("\n".join(lines))


@config.command()
def default() -> None:
    """Print every key with its default and what it is for."""
    click.echo(shipped_text(), nl=False)


def _location(context: click.Context, file: str | None = None) -> Location:
    """Where the configuration is: the root command keeps its ``--config-file`` in ``obj``."""
    named = file or getattr(context.obj, "config_file", None)
    return find(named, os.environ, program=Path(sys.argv[0]))


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
            yield f"{key} = {json.dumps(each.value)}  # {each.origin}"
