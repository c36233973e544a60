"""How much memory processes have, and a control group that has only so much."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from clace.kernel import cgroup
from clace.kernel.calls import Unavailable
from tests.support.processes import descendants

MEBIBYTE = 1 << 20
# The names that versions 1 and 2 of control groups have for the same.
PEAKS = ("memory.max_usage_in_bytes", "memory.peak")
EVENTS = ("memory.oom_control", "memory.events.local")
# Version 1 limits memory and swap together, version 2 swap alone: by how many of the limit's bytes.
SWAP_LIMITS = {"memory.memsw.limit_in_bytes": 1, "memory.swap.max": 0}


class Memory(NamedTuple):
    """Of some processes in megabytes; in ``pss`` each has its share of what several have."""

    rss: float
    pss: float
    private: float


def memory(pids: Iterable[int]) -> Memory:
    """What they have together; of those that have ended, nothing."""
    found = (Memory(0, 0, 0), *map(_of_one, pids))
    return Memory(*map(sum, zip(*found, strict=True)))


def _of_one(pid: int) -> Memory:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return Memory(0, 0, 0)
    rows = re.findall(r"^(\w+):\s+(\d+)", text, re.MULTILINE)
    sizes = {name: int(kilobytes) / 1024 for name, kilobytes in rows}
    return Memory(sizes["Rss"], sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"])


def memory_mb(pid: int) -> float:
    """Proportional set size of a process and all its descendants."""
    return memory(descendants(pid)).pss


class Group:
    """A control group with a limit on memory, page cache included; no swap is beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Under version 2 only a group without processes can have further groups.
        self._inner = folder / "server"

    def command(self, *command: str) -> tuple[str, ...]:
        """The command, run inside."""
        enter = f'echo $$ > "{self._inner}/cgroup.procs" && exec "$@"'
        return ("sh", "-c", enter, "sh", *command)

    @property
    def peak(self) -> float:
        """The most that was ever in use, in megabytes."""
        peaks = (self._folder / name for name in PEAKS)
        return next(int(peak.read_text()) for peak in peaks if peak.exists()) / MEBIBYTE

    @property
    def killed(self) -> int:
        """How many processes had to be killed, here and in the groups below."""
        events = (file for name in EVENTS for file in self._folder.rglob(name))
        found = (re.search(r"^oom_kill (\d+)", one.read_text(), re.MULTILINE) for one in events)
        return sum(int(match[1]) for match in found if match)


@contextlib.contextmanager
def limited(megabytes: int) -> Iterator[Group]:
    """A control group for as long as it is needed.

    :raises Unavailable: there are none on this machine.
    :raises OSError: we may not.
    """
    place = _memory_place()
    folder = place.folder / f"clace-benchmark-{os.getpid()}"
    (folder / "server").mkdir(parents=True)
    try:
        (folder / place.limits[0]).write_text(str(megabytes * MEBIBYTE))
        for name, share in SWAP_LIMITS.items():
            if (folder / name).exists():
                (folder / name).write_text(str(share * megabytes * MEBIBYTE))
        yield Group(folder)
    finally:
        _remove(folder)


def _memory_place() -> cgroup.CgroupPlace:
    places = cgroup.places(cgroup.CGROUPS, Path("/proc/self/cgroup").read_text())
    for place in places:
        if place.limits[0].startswith("memory"):
            return place
    raise Unavailable("no control group has a limit on memory")


def _remove(folder: Path, seconds: float = 5) -> None:
    """Remove the groups from the innermost on; the last process may take a moment to leave."""
    limit = time.monotonic() + seconds
    for group in (*sorted(folder.rglob("*/"), reverse=True), folder):
        while group.exists():
            try:
                group.rmdir()
            except OSError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.05)
