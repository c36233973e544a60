"""A control group for all app hosts: together they leave memory for the server.

One for all, since it costs hosts nothing: a limit on the memory of each is among their resource
limits. Version 1 has a folder for each controller, version 2 one for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from clace.kernel.calls import Unavailable

CGROUPS = Path("/sys/fs/cgroup")
_CONTROLLERS = ("memory", "pids")
_PREFIX = "clace-"
_ATTEMPTS = 3


class CgroupPlace(Struct, frozen=True):
    """A folder of the hierarchy to make ours in, and the files that hold the limits there."""

    folder: Path
    limits: tuple[str, ...]


def places(root: Path, own: str) -> tuple[CgroupPlace, ...]:
    """Return places for groups that a process can make whose ``/proc/self/cgroup`` is ``own``.

    :raises Unavailable: if it can make none; says why.
    """
    paths = {
        controller: path.lstrip("/")
        for _number, controllers, path in (line.split(":", 2) for line in own.splitlines())
        for controller in controllers.split(",")
    }
    if (root / "cgroup.controllers").exists():
        return (_place_of_version_2(root, root / paths.get("", "")),)
    return tuple(_places_of_version_1(root, paths))


def _place_of_version_2(root: Path, own: Path) -> CgroupPlace:
    """Our own group, or, since one that has processes cannot pass controllers on, its parent."""
    for folder in (own, own.parent):
        if folder.is_relative_to(root) and _passes_on(folder):
            return CgroupPlace(folder, ("memory.max", "pids.max"))
    raise Unavailable(
        f"{own} does not pass on memory and pids; under systemd set Delegate=yes and"
        " DelegateSubgroup=server"
    )


def _passes_on(folder: Path) -> bool:
    control = folder / "cgroup.subtree_control"
    with suppress(OSError):
        if not set(_CONTROLLERS) <= set(control.read_text().split()):
            control.write_text("+memory +pids")
        return True
    return False


def _places_of_version_1(root: Path, paths: Mapping[str, str]) -> Iterator[CgroupPlace]:
    for controller, limit in zip(_CONTROLLERS, ("memory.limit_in_bytes", "pids.max"), strict=True):
        folder = root / controller / paths.get(controller, "")
        if controller not in paths or not folder.is_dir():
            raise Unavailable(f"there is no hierarchy for {controller} below {root}")
        yield CgroupPlace(folder, (limit,))


def join(made_in: tuple[CgroupPlace, ...], name: str, memory: int, tasks: int) -> None:
    """Make the group with these limits, and be in it from now on.

    :raises OSError: if this process may not.
    """
    values = {"pids.max": tasks}
    for place in made_in:
        remove_stale(place)
        for attempt in range(_ATTEMPTS):
            try:
                group = place.folder / f"{_PREFIX}{name}"
                group.mkdir(exist_ok=True)
                for limit in place.limits:
                    (group / limit).write_text(str(values.get(limit, memory)))
                (group / "cgroup.procs").write_text("0")
                break
            except FileNotFoundError:
                # Another server that starts now took it for one left behind.
                if attempt == _ATTEMPTS - 1:
                    raise


def remove_stale(place: CgroupPlace) -> None:
    """Remove the groups in which nobody is any more; the kernel refuses the others."""
    for group in place.folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            group.rmdir()
