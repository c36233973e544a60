"""The kernel's figures of a process, from outside."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# After the name, which may hold anything: the state, and then numbers.
_USER, _SYSTEM = 11, 12


def processor_seconds(pid: int) -> float:
    """Return the processor seconds a process has used so far; 0 if it cannot be seen."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0.0
    numbers = told.rpartition(b")")[2].split()
    return (int(numbers[_USER]) + int(numbers[_SYSTEM])) / _TICKS
