"""Walls around a process, layer by layer, in the order in which they are put up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from msgspec import Struct

from clace.kernel.calls import Unavailable
from clace.os_errors import os_reason

S = TypeVar("S")


class Layer(Struct, Generic[S], frozen=True):
    """A named wall; ``raise_wall`` puts it up or raises ``Unavailable`` or ``OSError``."""

    name: str
    raise_wall: Callable[[S], None]


def put_up(layers: Iterable[Layer[S]], site: S) -> dict[str, str]:
    """For each layer ``""`` if all its parts stand, else why it does not; in the order in which
    they failed.
    """
    report: dict[str, str] = {}
    for layer in layers:
        try:
            layer.raise_wall(site)
        except (Unavailable, OSError, ValueError) as error:
            why = os_reason(error) or type(error).__name__
        else:
            why = ""
        note(report, layer.name, why)
    return report


def note(report: dict[str, str], name: str, why: str) -> None:
    """Add one part of a layer: later failures of it say no more than the first."""
    if not report.get(name):
        report.pop(name, None)
        report[name] = why
