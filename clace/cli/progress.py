"""Steps of long work: with their durations where a person looks on, in plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

import click

from clace.cli.outside import CommandSurroundings
from clace.cli.text import note
from clace.telling import TakeLine, listening
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


FIRST_SECONDS, PLAIN_SECONDS = 2.0, 10.0
"""The time after which work is told to go on where a person looks on, and elsewhere."""


@contextmanager
def told_to_go_on(name: str) -> Iterator[TakeLine]:
    """Tell on stderr that work goes on, and for how long, if it takes its time.

    On a terminal that is one line, which goes at the end; elsewhere a line from time to time. What
    is handed out takes lines about the work, which stay.
    """
    is_live = sys.stderr.isatty()
    ended, writing = Event(), Lock()

    def write(text: str) -> None:
        with writing:
            _write(text)

    thread = Thread(
        target=tick, args=(name, ended.wait, time.monotonic, write), kwargs={"is_live": is_live}
    )
    thread.daemon = True
    thread.start()
    try:
        yield lambda line: write(line_of_work(line, is_live=is_live))
    finally:
        ended.set()
        thread.join()


@contextmanager
def telling(name: str) -> Iterator[None]:
    """Tell on stderr that work goes on, and the lines that the server tells of it."""
    with told_to_go_on(name) as tell, listening(tell):
        yield


def line_of_work(line: str, *, is_live: bool) -> str:
    """Return a line about work as it is written: on a terminal in the place of its time."""
    told = one_line(line)
    return f"\r\x1b[K  {told}\n" if is_live else f"{told}\n"


def tick(
    name: str,
    ended: Callable[[float], bool],
    seconds: Callable[[], float],
    write: Callable[[str], object],
    *,
    is_live: bool,
) -> None:
    """Tell that work goes on until it has ``ended``, which waits for so many seconds."""
    begun, is_told = seconds(), False
    pause = FIRST_SECONDS if is_live else PLAIN_SECONDS
    while not ended(pause):
        told = f"{one_line(name)}: {seconds() - begun:.0f} s"
        write(f"\r  {told} " if is_live else f"{told}, and goes on\n")
        is_told, pause = True, 1.0 if is_live else PLAIN_SECONDS
    if is_told and is_live:
        write("\r\x1b[K")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
