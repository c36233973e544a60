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
from clace.telling import WorkStep, listening
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
SHOWN_SECONDS = 0.1
"""The least duration of a step that is told."""
_CLEARED = "\r\x1b[K"


@contextmanager
def telling(name: str) -> Iterator[None]:
    """Tell on stderr that work goes on and for how long, and the lines and long steps of it."""
    is_live = sys.stderr.isatty()
    work, ended = LongWork(name, time.monotonic, _write, is_live=is_live), Event()
    thread = Thread(target=work.tick, args=(ended.wait,), daemon=True)
    thread.start()
    try:
        with listening(work.line, work.step):
            yield
    finally:
        ended.set()
        thread.join()


class LongWork:
    """Work that goes on elsewhere, as it is told.

    On a terminal that is one line, which goes at the end; elsewhere a line from time to time. Lines
    about the work stay, and so do steps that took their time, with their durations, once the work
    as a whole has taken long enough to be told.
    """

    def __init__(
        self,
        name: str,
        seconds: Callable[[], float],
        write: Callable[[str], object],
        *,
        is_live: bool,
    ) -> None:
        self._name = one_line(name)
        self._seconds = seconds
        self._write = write
        self._is_live = is_live
        self._begun = seconds()
        self._steps: dict[str, float] = {}
        self._unwritten: list[str] = []
        self._is_told = False
        self._turn = Lock()

    def line(self, text: str) -> None:
        with self._turn:
            self._write(line_of_work(text, is_live=self._is_live))

    def step(self, step: WorkStep) -> None:
        """A step begins, or has ended; some go on beside each other."""
        with self._turn:
            now = self._seconds()
            if not step.has_ended:
                self._steps[step.name] = now
                return
            took = now - self._steps.pop(step.name, now)
            if took >= SHOWN_SECONDS:
                self._unwritten.append(f"{step.name}: {took:.1f} s")
                self._write_steps()

    def tick(self, ended: Callable[[float], bool]) -> None:
        """Tell that the work goes on until it has ``ended``, which waits for so many seconds."""
        pause = FIRST_SECONDS if self._is_live else PLAIN_SECONDS
        while not ended(pause):
            with self._turn:
                self._is_told = True
                self._write_steps()
                self._write(self._told())
            pause = 1.0 if self._is_live else PLAIN_SECONDS
        if self._is_told and self._is_live:
            self._write(_CLEARED)

    def _told(self) -> str:
        at = f" ({one_line(list(self._steps)[-1])})" if self._steps else ""
        told = f"{self._name}{at}: {self._seconds() - self._begun:.0f} s"
        return f"{_CLEARED}  {told} " if self._is_live else f"{told}, and goes on\n"

    def _write_steps(self) -> None:
        if self._is_told:
            for told in self._unwritten:
                self._write(line_of_work(told, is_live=self._is_live))
            self._unwritten.clear()


def line_of_work(line: str, *, is_live: bool) -> str:
    """Return the text that prints a line: on a terminal it takes the place of the work's time."""
    told = one_line(line)
    return f"{_CLEARED}  {told}\n" if is_live else f"{told}\n"


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
