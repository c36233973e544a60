"""What goes wrong in an app, in the app's own terms: Starlark's reports read and shortened."""

from __future__ import annotations

import re

from msgspec import Struct

from clace.host.prelude import NAME, REFUSAL
from clace.model.failures import Fault

_SPAN = re.compile(r"\n *--> (?P<file>[^\n]*):(?P<line>\d+):(?P<column>\d+)\n")
_FRAME = re.compile(r"^  \* (?P<file>[^\n]*):(?P<line>\d+), in (?P<function>[^\n]*)$", re.MULTILINE)
_PREFIXES = (f"fail: {REFUSAL}", "Refused: ")
_NOT_PLAIN = re.compile(r"Operation `serde::serialize` not supported on type `(\w+)`")
_LONGEST = 8000
_OURS = frozenset({NAME, "ace__after"})


class Refused(Exception):
    """Raised to Starlark by what an app calls; ends the handler."""


class Place(Struct, frozen=True):
    """Where in an app's source; ``function`` is empty at the top level, the rest may be unknown."""

    file: str = ""
    line: int = 0
    column: int = 0
    function: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


_NOWHERE = Place()


class AppFault(Exception):
    """A failure of an app: what to tell, shortened if the app made it long, and where it was."""

    def __init__(
        self,
        message: str,
        place: Place = _NOWHERE,
        code: str = "app_failed",
        route: str = "",
    ) -> None:
        self.message = _sendable(message)
        super().__init__(self.message)
        self.place = place
        self.code = code
        self.route = route

    @property
    def told(self) -> Fault:
        """The failure as the daemon is told of it."""
        place = str(self.place) if self.place.file else ""
        return Fault(message=self.message, code=self.code, place=place, route=self.route)

    def located(self) -> str:
        """The text with the place in front, as for a file that does not load."""
        return f"{self.place}: {self.message}" if self.place.file else self.message

    def traced(self) -> str:
        """The text with function and place behind it, as for a handler in dev mode."""
        if not self.place.file or str(self.place) in self.message:
            return self.message
        return f"{self.message} : Function {self.place.function}, Position {self.place}"


def _sendable(message: str) -> str:
    """The message as a frame can hold it: of bounded length, and whole characters."""
    shown = message[:_LONGEST].encode("utf-8", "replace").decode()
    return shown if len(message) <= _LONGEST else f"{shown}... ({len(message)} characters)"


def read_fault(report: str) -> AppFault:
    """The fault that Starlark reports, at its innermost place in the app's own files."""
    head, _, rest = report.rpartition("error: ") if report.count("error: ") == 1 else _cut(report)
    spans = list(_SPAN.finditer("\n" + rest if not rest.startswith("\n") else rest))
    message = rest[: spans[-1].start()] if spans else rest
    return AppFault(_wording(message.strip()), _place(head, spans))


def _cut(report: str) -> tuple[str, str, str]:
    """The trace and the message: the trace's own lines are indented, the message's head is not."""
    start = report.find("\nerror: ") + 1 if not report.startswith("error: ") else 0
    return report[:start], "", report[start:].removeprefix("error: ")


def _wording(message: str) -> str:
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    if found := _NOT_PLAIN.search(message):
        return f"unrecognized starlark type: {found[1]}"
    return message


def _place(trace: str, spans: list[re.Match[str]]) -> Place:
    if spans and spans[-1]["file"] not in _OURS:
        return Place(spans[-1]["file"], int(spans[-1]["line"]), int(spans[-1]["column"]))
    frames = [frame for frame in _FRAME.finditer(trace) if frame["file"] not in _OURS]
    if frames:
        return Place(frames[-1]["file"], int(frames[-1]["line"]))
    return _NOWHERE
