"""The processes below a server, as ``/proc`` shows them; those that end meanwhile have none."""

import contextlib
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """The process itself, and all that it and its children have started."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text("ascii").split():
                found += descendants(int(child))
    return found


def app_hosts(pid: int) -> list[int]:
    """The hosts of apps among them: only their system calls are filtered."""
    return [one for one in descendants(pid)[1:] if is_filtered(one)]


def is_filtered(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "\nSeccomp:\t2\n" in Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    return False
