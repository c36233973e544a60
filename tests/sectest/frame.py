"""Promises, and how they are tried and told."""

import re
import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Broken(Exception):
    """The server does not do what it promises; the text says what it did."""


class Skipped(Exception):
    """The promise cannot be tried here; the text says why."""


class Promise(NamedTuple):
    """One thing that a server promises; ``destructive`` if trying it may lock somebody out, slow
    the server down for others, or leave something behind.
    """

    name: str
    text: str
    try_out: Callable
    destructive: bool


class Outcome(NamedTuple):
    word: str
    promise: Promise
    reason: str

    def line(self) -> str:
        reason = f" [{printable(self.reason)}]" if self.reason else ""
        return f"{self.word:<8}{self.promise.name:<28}{self.promise.text}{reason}"


REGISTRY: dict[str, Promise] = {}


def promise(name: str, text: str, *, destructive: bool = False):
    """Register the function below as the trial of a promise.

    It takes a ``Server`` and returns if the promise holds; else it raises ``Broken`` (see
    ``expect``) or ``Skipped``. It removes what it makes: see what ``Server`` offers for that.
    """
    if not _NAME.fullmatch(name) or name in REGISTRY:
        raise ValueError(f"{name} is no name for a promise, or is taken")

    def register(function):
        REGISTRY[name] = Promise(name, text, function, destructive)
        return function

    return register


def expect(true: object, text: str) -> None:
    """:raises Broken: if it is not true."""
    if not true:
        raise Broken(text)


def outcome(one: Promise, server: object, *, destructive: bool) -> Outcome:
    """Try one promise; a trial that goes wrong itself has not shown it to hold."""
    if one.destructive and not destructive:
        return Outcome("skipped", one, "only with --destructive")
    try:
        one.try_out(server)
    except Skipped as reason:
        return Outcome("skipped", one, str(reason))
    except Broken as reason:
        return Outcome("broken", one, str(reason))
    except Exception as error:  # noqa: BLE001
        return Outcome("broken", one, f"{type(error).__name__}: {error}")
    return Outcome("held", one, "")


def run(promises: Iterable[Promise], server: object, *, destructive: bool, out=None) -> int:
    """Print a line for each promise and a last one with the counts; 1 if one is broken, else 0."""
    out = out or sys.stdout
    counts = {"held": 0, "broken": 0, "skipped": 0}
    for one in promises:
        found = outcome(one, server, destructive=destructive)
        counts[found.word] += 1
        print(found.line(), file=out, flush=True)
    print(", ".join(f"{number} {word}" for word, number in counts.items()), file=out)
    return 1 if counts["broken"] else 0


def printable(text: str) -> str:
    """The text on one line, without what a terminal would act on."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300]
