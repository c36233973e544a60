"""Processor time of a process and of everything below it, from ``/proc/PID/stat``."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.processes import descendants

TICK = os.sysconf("SC_CLK_TCK")


def spent(pid: int) -> float:
    """Return the seconds of a process tree until now, children that have ended included."""
    return sum(map(of_process, descendants(pid)))


def of_process(pid: int, *, waited: bool = True) -> float:
    """Return the seconds of one process, and of the children it ``waited`` for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return 0.0
    return of_stat(text, waited=waited)


def of_stat(text: str, *, waited: bool = True) -> float:
    """Return the seconds in the text of a ``stat`` file, whose process may have any name."""
    fields = text.rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if waited else 13])) / TICK
