"""Options of a dialect of Starlark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Features that a host may turn on or off, for each file."""

    sets: bool = True
    while_loops: bool = True
    top_level_control: bool = False
    global_reassignment: bool = False
