"""The walls around an app host, layer by layer, in the order in which they are put up.

``clace.model.walls`` says what each layer is for; those that all hosts share are in ``grounds``.
"""

from __future__ import annotations

import os
import platform
import resource
import signal

from msgspec import Struct

from clace.kernel import (
    DUMPABLE,
    MACHINES,
    NO_NEW_PRIVILEGES,
    PARENT_DEATH,
    Layer,
    Unavailable,
    allowing,
    drop_capabilities,
    install,
    libc,
    prctl,
    restrict,
)
from clace.units import MEBIBYTE
from clace.wire import HostBounds


class WallContext(Struct, frozen=True, kw_only=True):
    """The site of the walls: what stays open, who the parent is, and how much is allowed.

    ``statm`` is the process's own file of that name, opened while files could be. ``user`` is the
    number of a user of its own; without one, ``no_user`` says why.
    """

    socket: int
    parent: int
    bounds: HostBounds
    statm: int = -1
    user: int = 0
    no_user: str = ""


def _close_descriptors(site: WallContext) -> None:
    below = 0
    for kept in sorted({site.socket, site.statm} - {-1}):
        os.closerange(below, kept)
        below = kept + 1
    os.closerange(below, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _become_user(site: WallContext) -> None:
    if not site.user:
        if site.no_user:
            raise Unavailable(site.no_user)
        return
    os.setgroups([])
    os.setresgid(site.user, site.user, site.user)
    os.setresuid(site.user, site.user, site.user)


def _drop_capabilities(_site: WallContext) -> None:
    drop_capabilities()


def _die_with_parent(site: WallContext) -> None:
    prctl(PARENT_DEATH, signal.SIGKILL)
    if os.getppid() != site.parent:
        os._exit(0)  # it died before this took hold


def _forbid_dumps(_site: WallContext) -> None:
    prctl(DUMPABLE, 0)


def _give_up_privileges(_site: WallContext) -> None:
    prctl(NO_NEW_PRIVILEGES, 1)


def _restrict_by_landlock(_site: WallContext) -> None:
    restrict(libc.syscall)


def _limit_resources(site: WallContext) -> None:
    address_space = _mapped(site.statm) + site.bounds.memory_mb * MEBIBYTE
    limits = {
        resource.RLIMIT_AS: address_space,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_SIGPENDING: 0,
    }
    if site.bounds.cpu_seconds:
        limits[resource.RLIMIT_CPU] = site.bounds.cpu_seconds
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))


def _mapped(statm: int) -> int:
    """The address space in use: shared libraries are much of it, so limits count from here."""
    pages = int(os.pread(statm, 64, 0).split()[0])
    os.close(statm)
    return pages * resource.getpagesize()


def _forbid_descriptors(_site: WallContext) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def _filter_calls(_site: WallContext) -> None:
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise Unavailable(f"no list of system calls for {platform.machine()}")
    install(allowing(machine, os.getpid()), machine.seccomp, libc.syscall)


# A change of user takes back what the two after it do. The filter is last: it refuses their calls.
HOST_LAYERS = (
    Layer("closed_descriptors", _close_descriptors),
    Layer("own_user", _become_user),
    Layer("no_capabilities", _drop_capabilities),
    Layer("parent_death_signal", _die_with_parent),
    Layer("no_core_dumps", _forbid_dumps),
    Layer("no_new_privileges", _give_up_privileges),
    Layer("landlock", _restrict_by_landlock),
    Layer("resource_limits", _limit_resources),
    Layer("no_new_descriptors", _forbid_descriptors),
    Layer("system_call_filter", _filter_calls),
)
