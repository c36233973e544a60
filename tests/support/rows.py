"""Failures that say which row of a table they are about."""

from __future__ import annotations

import ast
import linecache
import reprlib
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import FrameType
from typing import Any

from twisted.trial.unittest import FailTest

_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = 200
_SHOWN.maxlevel = 4


class RowFailed(FailTest):
    """A failed assertion; inside loops of a test method it names the values of their variables."""

    def __init__(self, message: object = None) -> None:
        rows = [f"{name}={_SHOWN.repr(value)}" for name, value in _rows(sys._getframe(1))]
        said = "" if message is None else str(message)
        super().__init__(f"{said}\nin the row {', '.join(rows)}" if rows else said)


def _rows(frame: FrameType | None) -> Iterator[tuple[str, Any]]:
    """The variables of the loops that a test method is in, and their values."""
    while frame is not None and not frame.f_code.co_name.startswith("test_"):
        frame = frame.f_back
    if frame is None:
        return
    known = frame.f_locals
    for name in _variables(frame.f_code.co_filename, frame.f_lineno):
        if name in known:
            yield name, known[name]


@lru_cache(maxsize=64)
def _variables(file: str, line: int) -> tuple[str, ...]:
    """The variables of the loops around a line, the outer ones first."""
    tree = ast.parse("".join(linecache.getlines(file)))
    loops = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.AsyncFor) and node.lineno < line <= (node.end_lineno or 0)
    ]
    loops.sort(key=lambda loop: loop.lineno)
    names = [node for loop in loops for node in ast.walk(loop.target)]
    return tuple(dict.fromkeys(node.id for node in names if isinstance(node, ast.Name)))
