"""The walls that all hosts share: put up once around the fork server, which hands them on."""

from __future__ import annotations

import os
import platform
import signal
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from clace import kernel
from clace.kernel import MACHINES, CgroupPlace, Layer, Unavailable
from clace.units import MEBIBYTE
from clace.wire import PrepareHosts

_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXEC, _REMOUNT = 1, 2, 4, 8, 32
_RECURSIVE, _PRIVATE = 1 << 14, 1 << 18
_SHARE_OF_MEMORY = 0.75


class SharedContext(Struct, frozen=True, kw_only=True):
    """Prepared grounds of hosts, their owner, and a name that no other server has."""

    order: PrepareHosts
    user: int
    group: int
    name: str


def survey(order: PrepareHosts) -> SharedContext:
    """The grounds of this process."""
    return SharedContext(order=order, user=os.geteuid(), group=os.getegid(), name=str(os.getpid()))


def _own_users(grounds: SharedContext) -> None:
    """Root gives each host a user; others become root of a namespace in which they are alone."""
    if grounds.user == 0:
        if not grounds.order.user_count:
            raise Unavailable("sandbox.uid_count is 0")
        return
    kernel.unshare(kernel.NEW_USERS)
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{grounds.user} {grounds.user} 1"),
        ("gid_map", f"{grounds.group} {grounds.group} 1"),
    ):
        Path("/proc/self", file).write_text(text, "ascii")


def _leave_network(_grounds: SharedContext) -> None:
    kernel.unshare(kernel.NEW_NETWORK)


def _leave_shared_memory(_grounds: SharedContext) -> None:
    kernel.unshare(kernel.NEW_IPC)


def _leave_host_name(_grounds: SharedContext) -> None:
    kernel.unshare(kernel.NEW_NAMES)


def _leave_processes(grounds: SharedContext) -> None:
    """Go on in a child, the first of a new namespace; this process only waits for it to end."""
    kernel.unshare(kernel.NEW_PIDS)
    child = os.fork()
    if child:
        _outlive(child, grounds)
    kernel.prctl(kernel.PARENT_DEATH, signal.SIGKILL)


def _outlive(child: int, grounds: SharedContext) -> None:
    os.closerange(0, os.sysconf("SC_OPEN_MAX"))
    _pid, status = os.waitpid(child, 0)
    _remove_group(grounds)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _remove_group(_grounds: SharedContext) -> None:
    try:
        for place in _places():
            kernel.remove_stale(place)
    except (Unavailable, OSError):
        return


def _places() -> tuple[CgroupPlace, ...]:
    return kernel.places(kernel.CGROUPS, Path("/proc/self/cgroup").read_text())


def _bound_together(grounds: SharedContext) -> None:
    total = grounds.order.total_memory_mb * MEBIBYTE
    if not total:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        total = int(machine * _SHARE_OF_MEMORY)
    for place in _places():
        kernel.remove_stale(place)
    kernel.join(_places(), grounds.name, total, grounds.order.max_tasks)


def _empty_root(_grounds: SharedContext) -> None:
    """A root folder with nothing in it, which nothing can be written to."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise Unavailable(f"no list of system calls for {platform.machine()}")
    kernel.unshare(kernel.NEW_MOUNTS)
    kernel.mount("none", "/", "", _RECURSIVE | _PRIVATE)
    safe = _NO_SETUID | _NO_DEVICES | _NO_EXEC
    # Any folder will do to mount on: this one is always there.
    kernel.mount("tmpfs", "/proc", "tmpfs", safe, "size=4k,nr_inodes=1,mode=555")
    os.chdir("/proc")
    kernel.pivot_root(machine.pivot_root, ".", ".")
    kernel.detach(".")
    kernel.mount("none", "/", "", _REMOUNT | _READ_ONLY | safe)
    os.chdir("/")


def _empty_bounding_set(_grounds: SharedContext) -> None:
    kernel.drop_bounding_set()


# The new user comes first, for it may do the rest; the group before there are no files to write.
GROUNDS: Iterable[Layer[SharedContext]] = (
    Layer("own_user", _own_users),
    Layer("network_namespace", _leave_network),
    Layer("ipc_namespace", _leave_shared_memory),
    Layer("uts_namespace", _leave_host_name),
    Layer("pid_namespace", _leave_processes),
    Layer("cgroup", _bound_together),
    Layer("empty_root", _empty_root),
    Layer("no_capabilities", _empty_bounding_set),
)
