"""Memory of a process and of all that it has started."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from clace.units import MEBIBYTE

_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST = 1000


def tree_memory_mb(pid: int) -> float:
    """The memory that only they have, in megabytes; what they share with others is not counted."""
    waiting, total = [pid], 0
    for _ in range(_MOST):
        if not waiting:
            break
        process = Path(f"/proc/{waiting.pop()}")
        with suppress(OSError):
            resident, shared = map(int, (process / "statm").read_text().split()[1:3])
            total += (resident - shared) * _PAGE
            for task in (process / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return total / MEBIBYTE
