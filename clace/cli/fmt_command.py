"""``clace fmt``: files of Starlark laid out as all of them are."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from clace.cli.commands import Command
from clace.cli.completing import files as completed
from clace.cli.text import say
from clace.errors import ClaceError
from clace.text import one_line

_STDIN = "-"


@click.command(cls=Command)
@click.option("--write", "-w", is_flag=True, help="Write the files anew in place of printing.")
@click.option("--check", is_flag=True, help="Only name files that are laid out otherwise.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=completed)
def fmt(files: tuple[str, ...], *, write: bool, check: bool) -> int:
    """Lay out FILE, a file of declarations or of an app, and print it.

    Indentation, spaces, quotes and blank lines become the same everywhere; line breaks and comments
    stay, and what the file does. FILE - is standard input. With --check the exit status is 1 if a
    file would change.
    """
    if write and check:
        raise click.UsageError("--write and --check exclude each other.")
    if _STDIN in files and (write or check or len(files) > 1):
        raise click.UsageError("- is printed, and alone.")
    if len(files) > 1 and not (write or check):
        raise click.UsageError("Several files need --write or --check.")
    changed = 0
    for name in files:
        before = _read(name)
        after = _laid_out(name, before)
        changed += before != after
        if not (write or check):
            click.echo(after, nl=False)
        elif before != after:
            say(one_line(name))
            if write:
                _write(name, after)
    return int(check and changed > 0)


def _laid_out(name: str, text: str) -> str:
    """:raises ClaceError: if the file is not Starlark; the text has the place."""
    from clace.starlark import SourceError, formatted  # noqa: PLC0415 - help needs no compiler

    try:
        return formatted(name, text)
    except SourceError as error:
        raise ClaceError(str(error)) from None


def _read(name: str) -> str:
    """:raises ClaceError: if the file cannot be read, or is not UTF-8."""
    try:
        data = sys.stdin.buffer.read() if name == _STDIN else Path(name).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise ClaceError(f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ClaceError(f"{name} is not UTF-8") from None


def _write(name: str, text: str) -> None:
    """:raises ClaceError: if the file cannot be written."""
    try:
        Path(name).write_bytes(text.encode())
    except OSError as error:
        raise ClaceError(f"cannot write {name}: {error.strerror}") from None
