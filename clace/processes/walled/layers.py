"""The layers of the wall around a program, in the order in which they are put up.

``clace.model.walls`` says what each is for. The outer ones are put up by the supervisor, which
stays in the namespaces that they make; the inner ones by the init, behind all of them. A layer of
one name on both sides stands if both parts do.
"""

from __future__ import annotations

import os
import platform
import resource
import signal
import socket
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from clace.kernel import (
    CGROUPS,
    DUMPABLE,
    MACHINES,
    NEW_CGROUPS,
    NEW_IPC,
    NEW_NAMES,
    NEW_NETWORK,
    NEW_PIDS,
    NEW_USERS,
    NO_NEW_PRIVILEGES,
    PARENT_DEATH,
    CgroupPlace,
    Layer,
    Unavailable,
    bring_up_loopback,
    denying,
    drop_bounding_set,
    drop_capabilities,
    install,
    join,
    leave,
    libc,
    places,
    prctl,
    remove_stale,
    restrict_to,
    unshare,
)
from clace.os_errors import os_reason
from clace.processes.walled.files import grants, lay
from clace.processes.walled.frames import WallOrder
from clace.units import MEBIBYTE

_NO_LIMIT = 1 << 50


class WallSite(Struct, frozen=True, kw_only=True):
    """A program to wall in, who its server is, and the groups it can be put in."""

    order: WallOrder
    server_user: int
    server_group: int
    groups: tuple[CgroupPlace, ...] = ()
    no_groups: str = ""
    pid: int = 0

    @classmethod
    def of(cls, order: WallOrder) -> WallSite:
        """The site of this process."""
        groups: tuple[CgroupPlace, ...] = ()
        why = ""
        try:
            groups = _groups()
        except (Unavailable, OSError) as error:
            why = os_reason(error)
        return cls(
            order=order,
            server_user=os.geteuid(),
            server_group=os.getegid(),
            groups=groups,
            no_groups=why,
            pid=os.getpid(),
        )

    @property
    def group(self) -> str:
        """The name of its control group, which no other program has."""
        return f"app-{self.pid}"


def _leave_user(site: WallSite) -> None:
    """Root gives each app a user; others become root of a namespace in which they are alone."""
    if site.server_user:
        unshare(NEW_USERS)
        _map_users(0, site.server_user, site.server_group)
        return
    if not site.order.user:
        raise Unavailable("the app was given no user of its own")
    for sight in site.order.mounts:
        if sight.is_writable and Path(sight.source).stat().st_uid != site.order.user:
            os.chown(sight.source, site.order.user, site.order.user, follow_symlinks=False)


def _map_users(inside: int, user: int, group: int) -> None:
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {user} 1"),
        ("gid_map", f"{inside} {group} 1"),
    ):
        Path("/proc/self", file).write_text(text, "ascii")


def _leave_network(site: WallSite) -> None:
    if not site.order.has_network:
        unshare(NEW_NETWORK)
        bring_up_loopback()


def _leave_processes(_site: WallSite) -> None:
    """The next process that is forked is the first of a new namespace."""
    unshare(NEW_PIDS)


def _bind_together(site: WallSite) -> None:
    if site.no_groups:
        raise Unavailable(site.no_groups)
    bounds = site.order.bounds
    memory = bounds.memory_mb * MEBIBYTE or _NO_LIMIT
    join(site.groups, site.group, memory, bounds.processes + 1, bounds.cpus)


def group_gone(site: WallSite) -> None:
    """Remove the control group of a program that has ended."""
    for place in site.groups:
        leave(place, site.group)


def sweep() -> None:
    """Remove the control groups that servers before this one left behind."""
    with suppress(Unavailable, OSError):
        for place in _groups():
            remove_stale(place)


def _groups() -> tuple[CgroupPlace, ...]:
    return places(CGROUPS, Path("/proc/self/cgroup").read_text(), cpu=True)


def _leave_groups(_site: WallSite) -> None:
    unshare(NEW_CGROUPS)


def _leave_shared_memory(_site: WallSite) -> None:
    unshare(NEW_IPC)


def _leave_host_name(site: WallSite) -> None:
    unshare(NEW_NAMES)
    socket.sethostname(site.order.name)


def _own_files(site: WallSite) -> None:
    lay(site.order)


def _limit_resources(site: WallSite) -> None:
    bounds = site.order.bounds
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NOFILE: bounds.descriptors,
        resource.RLIMIT_NPROC: bounds.processes + 1,
        resource.RLIMIT_SIGPENDING: 1024,
    }
    if bounds.file_mb:
        limits[resource.RLIMIT_FSIZE] = bounds.file_mb * MEBIBYTE
    for kind, value in limits.items():
        _soft, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))


def _empty_bounding_set(_site: WallSite) -> None:
    drop_bounding_set()


def _become_user(site: WallSite) -> None:
    user = site.order.user
    if site.server_user:
        unshare(NEW_USERS)
        _map_users(user or site.server_user, 0, 0)
        drop_bounding_set()  # the namespace brought a new one
    elif user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def _drop_capabilities(_site: WallSite) -> None:
    drop_capabilities()


def _give_up_privileges(_site: WallSite) -> None:
    # A change of user takes back the first two.
    prctl(PARENT_DEATH, signal.SIGKILL)
    prctl(DUMPABLE, 0)
    prctl(NO_NEW_PRIVILEGES, 1)


def _restrict_by_landlock(site: WallSite) -> None:
    restrict_to(libc.syscall, grants(site.order))


def _filter_calls(_site: WallSite) -> None:
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise Unavailable(f"no list of system calls for {platform.machine()}")
    install(denying(machine), machine.seccomp, libc.syscall)


# The new user comes first, for it may do the rest.
OUTER = (
    Layer("own_user", _leave_user),
    Layer("network_namespace", _leave_network),
    Layer("pid_namespace", _leave_processes),
)
# The group before there are no files to write. Files before the user, who could not mount. The
# bounding set before the user, who may not empty it. The filter is last: it refuses their calls.
INNER = (
    Layer("cgroup", _bind_together),
    Layer("cgroup_namespace", _leave_groups),
    Layer("ipc_namespace", _leave_shared_memory),
    Layer("uts_namespace", _leave_host_name),
    Layer("own_files", _own_files),
    Layer("resource_limits", _limit_resources),
    Layer("no_capabilities", _empty_bounding_set),
    Layer("own_user", _become_user),
    Layer("no_capabilities", _drop_capabilities),
    Layer("no_new_privileges", _give_up_privileges),
    Layer("landlock", _restrict_by_landlock),
    Layer("system_call_filter", _filter_calls),
)
