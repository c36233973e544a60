"""Steps of long work: with their durations where a person looks on, in plain lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

import click

from clace.cli.outside import CommandSurroundings
from clace.cli.text import note
from clace.text import one_line


class Progress:
    """Tells on stderr which step goes on, and how long each has taken.

    On a terminal the line of a step is there while it goes on, and gets its duration at its end.
    """

    def __init__(self, outside: CommandSurroundings, *, is_live: bool | None = None) -> None:
        self._seconds = outside.seconds
        self._is_live = sys.stderr.isatty() if is_live is None else is_live
        self._step = ""
        self._begun = 0.0

    def step(self, name: str) -> None:
        """Begin a step; the one before has ended."""
        self.end()
        self._step, self._begun = one_line(name), self._seconds()
        if self._is_live:
            click.echo(f"  {self._step} ...", err=True, nl=False)

    def end(self) -> None:
        """Tell the end of a step, if one goes on."""
        if not self._step:
            return
        told = f"{self._step}: {self._seconds() - self._begun:.1f} s"
        if self._is_live:
            click.echo("\r", err=True, nl=False)
        note(f"  {told}    " if self._is_live else told)
        self._step = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.end()
        elif self._step and self._is_live:
            click.echo("", err=True)
