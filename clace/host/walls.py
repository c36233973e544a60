"""What an app host is shut in by, layer by layer, in the order in which they are put up."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress

from msgspec import Struct

from clace.host import seccomp
from clace.host.syscalls import MACHINES
from clace.wire import HostBounds

_PARENT_DEATH, _DUMPABLE, _NO_NEW_PRIVILEGES = 1, 4, 38
_MEGABYTE = 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)
# glibc opens this library when the first thread ends, and aborts if it cannot.
with suppress(OSError):
    ctypes.CDLL("libgcc_s.so.1")


class Unavailable(Exception):
    """The layer is not to be had on this machine; the text says what is missing."""


class Site(Struct, frozen=True, kw_only=True):
    """Where walls are put up: what stays open, who the parent is, and how much is allowed."""

    socket: int
    parent: int
    bounds: HostBounds


class Layer(Struct, frozen=True):
    """A named wall; ``raise_wall`` puts it up or raises ``Unavailable`` or ``OSError``."""

    name: str
    raise_wall: Callable[[Site], None]


def put_up(layers: Iterable[Layer], site: Site) -> dict[str, str]:
    """For each layer ``""`` if it stands, else why it does not."""
    report = {}
    for layer in layers:
        try:
            layer.raise_wall(site)
        except (Unavailable, OSError, ValueError) as error:
            report[layer.name] = str(error) or type(error).__name__
        else:
            report[layer.name] = ""
    return report


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _die_with_parent(site: Site) -> None:
    _prctl(_PARENT_DEATH, signal.SIGKILL)
    if os.getppid() != site.parent:
        os._exit(0)  # it died before this took hold


def _close_descriptors(site: Site) -> None:
    os.closerange(0, site.socket)
    os.closerange(site.socket + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _forbid_dumps(_site: Site) -> None:
    _prctl(_DUMPABLE, 0)


def _limit_resources(site: Site) -> None:
    address_space = _mapped() + site.bounds.memory_mb * _MEGABYTE
    limits = {
        resource.RLIMIT_AS: address_space,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_NPROC: 0,
    }
    if site.bounds.cpu_seconds:
        limits[resource.RLIMIT_CPU] = site.bounds.cpu_seconds
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))


def _mapped() -> int:
    """The address space in use: shared libraries are much of it, so limits count from here."""
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123
        return int(statm.read().split()[0]) * resource.getpagesize()


def _forbid_descriptors(_site: Site) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def _give_up_privileges(_site: Site) -> None:
    _prctl(_NO_NEW_PRIVILEGES, 1)


def _filter_calls(_site: Site) -> None:
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise Unavailable(f"no list of system calls for {platform.machine()}")
    seccomp.install(machine, _libc.syscall)


BEFORE_THREADS = (
    Layer("parent_death_signal", _die_with_parent),
    Layer("closed_descriptors", _close_descriptors),
    Layer("no_core_dumps", _forbid_dumps),
)
AFTER_THREADS = (
    Layer("resource_limits", _limit_resources),
    Layer("no_new_descriptors", _forbid_descriptors),
    Layer("no_new_privileges", _give_up_privileges),
    Layer("system_call_filter", _filter_calls),
)
