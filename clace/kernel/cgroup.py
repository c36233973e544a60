"""Control groups: one for all app hosts, which together leave memory for the server, and one for
each program of an app.

One for all hosts, since it costs them nothing: a limit on the memory of each is among their
resource limits. Version 1 has a folder for each controller, version 2 one for all.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from clace.kernel.calls import Unavailable

CGROUPS = Path("/sys/fs/cgroup")
_CONTROLLERS = ("memory", "pids")
_VERSION_1 = {
    "memory": ("memory.limit_in_bytes",),
    "pids": ("pids.max",),
    "cpu": ("cpu.cfs_quota_us", "cpu.shares"),
}
_VERSION_2 = {"memory": "memory.max", "pids": "pids.max", "cpu": "cpu.max cpu.weight"}
_NO_SWAP = "memory.swap.max"
_PERIOD = 100_000
# A quarter of the usual: whoever computes without end leaves the server most of the time.
_WEIGHTS = {"cpu.shares": "256", "cpu.weight": "25"}
_PREFIX = "clace-"
_ATTEMPTS = 3
_GONE = frozenset({errno.ENOENT, errno.ENODEV})


class CgroupPlace(Struct, frozen=True):
    """A folder of the hierarchy to make ours in, and the files that hold the limits there."""

    folder: Path
    limits: tuple[str, ...]


def places(root: Path, own: str, *, cpu: bool = False) -> tuple[CgroupPlace, ...]:
    """Return places for groups that a process can make whose ``/proc/self/cgroup`` is ``own``.

    With ``cpu`` they can bound time too.

    :raises Unavailable: if it can make none; says why.
    """
    paths = {
        controller: path.lstrip("/")
        for _number, controllers, path in (line.split(":", 2) for line in own.splitlines())
        for controller in controllers.split(",")
    }
    if (root / "cgroup.controllers").exists():
        return (_place_of_version_2(root, root / paths.get("", ""), cpu=cpu),)
    return tuple(_places_of_version_1(root, paths, cpu=cpu))


def _place_of_version_2(root: Path, own: Path, *, cpu: bool) -> CgroupPlace:
    """Our own group, or, since one that has processes cannot pass controllers on, its parent."""
    needed = _needed(cpu=cpu)
    for folder in (own, own.parent):
        if folder.is_relative_to(root) and _passes_on(folder, needed):
            limits = " ".join(_VERSION_2[name] for name in needed).split()
            return CgroupPlace(folder, (*limits, *([_NO_SWAP] if cpu else [])))
    raise Unavailable(
        f"{own} does not pass on {' and '.join(needed)}; under systemd set Delegate=yes and"
        " DelegateSubgroup=server"
    )


def _needed(*, cpu: bool) -> tuple[str, ...]:
    return (*_CONTROLLERS, "cpu") if cpu else _CONTROLLERS


def _passes_on(folder: Path, needed: tuple[str, ...]) -> bool:
    control = folder / "cgroup.subtree_control"
    with suppress(OSError):
        if not set(needed) <= set(control.read_text().split()):
            control.write_text(" ".join(f"+{name}" for name in needed))
        return True
    return False


def _places_of_version_1(
    root: Path, paths: Mapping[str, str], *, cpu: bool
) -> Iterator[CgroupPlace]:
    for controller in _needed(cpu=cpu):
        folder = root / controller / paths.get(controller, "")
        if controller not in paths or not folder.is_dir():
            raise Unavailable(f"there is no hierarchy for {controller} below {root}")
        yield CgroupPlace(folder, _VERSION_1[controller])


def join(
    made_in: tuple[CgroupPlace, ...], name: str, memory: int, tasks: int, cpus: float = 0
) -> None:
    """Make the group with these limits, and be in it from now on; 0 ``cpus`` are all of them.

    :raises OSError: if this process may not.
    """
    share = int(cpus * _PERIOD)
    values = {
        "pids.max": str(tasks),
        "cpu.cfs_quota_us": str(share or -1),
        "cpu.max": f"{share or 'max'} {_PERIOD}",
        _NO_SWAP: "0",
        **_WEIGHTS,
    }
    for place in made_in:
        for attempt in range(_ATTEMPTS):
            try:
                _enter(place, name, {one: values.get(one, str(memory)) for one in place.limits})
                break
            except OSError as error:
                # Another server that starts now took it for one left behind.
                if error.errno not in _GONE or attempt == _ATTEMPTS - 1:
                    raise


def _enter(place: CgroupPlace, name: str, values: Mapping[str, str]) -> None:
    group = place.folder / f"{_PREFIX}{name}"
    group.mkdir(exist_ok=True)
    for limit, value in values.items():
        if limit != _NO_SWAP or (group / limit).exists():  # kernels may be built without
            (group / limit).write_text(value)
    (group / "cgroup.procs").write_text("0")


def leave(place: CgroupPlace, name: str) -> None:
    """Remove the group if nobody is in it."""
    with suppress(OSError):
        (place.folder / f"{_PREFIX}{name}").rmdir()


def remove_stale(place: CgroupPlace) -> None:
    """Remove the groups in which nobody is any more; the kernel refuses the others."""
    for group in place.folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            group.rmdir()
