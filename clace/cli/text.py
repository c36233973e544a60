"""Lines on a terminal. What comes from apps and servers must not drive it."""

from __future__ import annotations

import os
from collections.abc import Iterable

import click

from clace.text import one_line, printable

DRY_RUN = "*** dry-run mode, changes have NOT been committed. ***"


def say(text: str, *, colour: str | None = None, to_stderr: bool = False) -> None:
    """A line, or several; coloured only where colours are wanted and can be seen."""
    styled = click.style(printable(text), fg=colour) if colour else printable(text)
    click.echo(styled, err=to_stderr, color=_colours())


def say_lines(lines: Iterable[str]) -> None:
    """Each of them on a line, whatever is in it: what apps call themselves makes no lines."""
    for line in lines:
        say(one_line(line))


def complain(text: str) -> None:
    """Say on stderr what went wrong; further lines are indented, so that none looks like another
    error.
    """
    say("error: " + text.replace("\n", "\n  "), colour="red", to_stderr=True)


def warn(text: str) -> None:
    """Say on stderr what the operator should know."""
    say(f"warning: {text}", colour="yellow", to_stderr=True)


def warn_if_none(glob: str, matched: int | None) -> None:
    """Say on stderr that a glob selected no app, if the server said so."""
    if matched == 0:
        warn(f"no app matches {glob}")


def note(text: str) -> None:
    """Say on stderr what an operator may want to know."""
    say(text, to_stderr=True)


def say_if_dry(dry_run: bool) -> None:  # noqa: FBT001 - the one thing it is about
    """The line after all others that nothing was changed."""
    if dry_run:
        say("")
        say(DRY_RUN, colour="yellow")


def _colours() -> bool | None:
    """Never, or (``None``) as the terminal can."""
    return False if "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" else None
