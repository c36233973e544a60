"""Files as a walled program sees them: a root of its own, most of it read-only.

Everything is made in memory and bound to it, so nothing of it stays.
"""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from clace.kernel import (
    MACHINES,
    NEW_MOUNTS,
    FileGrant,
    Unavailable,
    detach,
    mount,
    pivot_root,
    set_mount_flags,
    unshare,
)
from clace.processes.walled.frames import Sight, WallOrder

HOME = "/home/app"
_SCRATCH = ("/tmp", "/dev/shm", HOME)  # noqa: S108 - its own
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXEC, _REMOUNT, _BIND = 1, 2, 4, 8, 32, 4096
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RECURSIVE, _PRIVATE = 1 << 14, 1 << 18
_SAFE = _NO_SETUID | _NO_DEVICES
_ROOT_OPTIONS = "size=4m,nr_inodes=4k,mode=755"
# Any folder will do to mount on: this one is always there.
_ANY_FOLDER = "/proc"
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
)
_OF_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
_OPTIONAL = frozenset((*_SYSTEM, *_OF_NETWORK))
_DEVICES = ("full", "null", "random", "urandom", "zero")
_LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stderr": "/proc/self/fd/2",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/etc/mtab": "/proc/self/mounts",
    "/var/tmp": "/tmp",  # noqa: S108
}


def lay(order: WallOrder) -> None:
    """Leave the files of the machine for those of the order.

    :raises OSError: if a mount is refused, or has nothing to be mounted on.
    :raises Unavailable: if the machine's calls are not known.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise Unavailable(f"no list of system calls for {platform.machine()}")
    unshare(NEW_MOUNTS)
    mount("none", "/", "", _RECURSIVE | _PRIVATE)
    mount("tmpfs", _ANY_FOLDER, "tmpfs", _SAFE, _ROOT_OPTIONS)
    os.chdir(_ANY_FOLDER)
    _make(order)
    pivot_root(machine.pivot_root, ".", ".")
    detach(".")
    os.chdir("/")
    mount("none", "/", "", _REMOUNT | _READ_ONLY | _SAFE)


def _make(order: WallOrder) -> None:
    """Make the new root here; memory of its own first, for some of what is bound may lie in it."""
    for folder in _SCRATCH:
        _here(folder).mkdir(parents=True, exist_ok=True)
        size = f"size={order.bounds.scratch_mb or 1}m,mode=1777"
        mount("tmpfs", f".{folder}", "tmpfs", _SAFE, size)
    _here("/etc").mkdir()
    for name, text in _texts(order):
        _here(f"/etc/{name}").write_text(text, "utf-8")
    for sight in _places(order):
        _show(sight)
    for target, source in _LINKS.items():
        _link(target, source)
    _here("/proc").mkdir()
    mount("proc", "./proc", "proc", _SAFE | _NO_EXEC)


def _here(path: str) -> Path:
    """The place in the new root of a path as it will be seen."""
    return Path(f".{path}")


def _places(order: WallOrder) -> Iterator[Sight]:
    """Everything to show, so that a folder comes before those in it."""
    yield from (Sight(source=path, target=path) for path in _SYSTEM)
    if order.has_network:
        yield from (Sight(source=str(Path(p).resolve()), target=p) for p in _OF_NETWORK)
    for name in _DEVICES:
        yield Sight(source=f"/dev/{name}", target=f"/dev/{name}", is_writable=True)
    yield from sorted(order.mounts, key=lambda sight: sight.target.count("/"))


def _show(sight: Sight) -> None:
    source = Path(sight.source)
    if sight.target in _OPTIONAL and not source.exists():
        return
    if sight.target in _OPTIONAL and source.is_symlink() and sight.source == sight.target:
        _link(sight.target, str(source.readlink()))
        return
    _bind(sight)


def _bind(sight: Sight) -> None:
    is_folder = stat.S_ISDIR(Path(sight.source).stat().st_mode)  # which names what is not there
    with room(sight.target, is_folder=is_folder) as place:
        mount(sight.source, place, "", _BIND | _RECURSIVE)
    target = str(_here(sight.target))
    flags = _NO_SETUID
    if not sight.target.startswith("/dev/"):
        flags |= _NO_DEVICES
    if not sight.is_writable:
        flags |= _READ_ONLY
    if not sight.may_execute:
        flags |= _NO_EXEC
    set_mount_flags(target, flags)
    # Another program of the app may have moved what was mounted on away.
    if not os.path.samestat(os.lstat(target), Path(sight.source).stat()):
        raise _elsewhere(sight.target)


@contextmanager
def room(target: str, *, is_folder: bool) -> Iterator[str]:
    """Make what can be mounted on, below the current folder, and be where it is meanwhile.

    Links are not followed: those in a folder that was bound are the app's, also while this goes on,
    and could lead out of the new root.

    :raises OSError: if there is a link, or a file in the place of a folder.
    """
    *folders, name = target.strip("/").split("/")
    top = os.open(".", _FOLDER)
    here = os.dup(top)
    try:
        for part in (*folders, name) if is_folder else folders:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=here)
            below = os.open(part, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
        if not is_folder:
            _touch(name, here)
        os.fchdir(here)
        yield "." if is_folder else f"./{name}"
    except (NotADirectoryError, FileExistsError):
        raise _elsewhere(target) from None
    finally:
        os.fchdir(top)
        os.close(here)
        os.close(top)


def _touch(name: str, folder: int) -> None:
    """:raises FileExistsError: if it is there and no file."""
    try:
        mode = os.lstat(name, dir_fd=folder).st_mode
    except FileNotFoundError:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(os.open(name, flags, 0o644, dir_fd=folder))
        return
    if stat.S_ISLNK(mode) or stat.S_ISDIR(mode):
        raise FileExistsError(name)


def _elsewhere(target: str) -> OSError:
    return OSError(0, f"{target} leads to another place")


def _link(target: str, source: str) -> None:
    place = _here(target)
    place.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        place.symlink_to(source)


def _texts(order: WallOrder) -> Iterator[tuple[str, str]]:
    """The small files of ``/etc``."""
    user = order.user
    yield "passwd", f"root:x:0:0:root:/:/bin/false\napp:x:{user}:{user}:app:{HOME}:/bin/sh\n"
    yield "group", f"root:x:0:\napp:x:{user}:\n"
    if not order.has_network:
        names = {"localhost": "127.0.0.1", order.name: "127.0.0.1", **order.names}
        # A server told to listen at localhost would choose the address of version 6 if it had one.
        yield "hosts", "".join(f"{names[n]} {n}\n" for n in names) + "::1 ip6-localhost\n"
        yield "nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"
        yield "resolv.conf", ""


def grants(order: WallOrder) -> Iterator[FileGrant]:
    """Leave these to Landlock: nothing that is written in here can be executed as a program."""
    yield FileGrant(path="/")
    for folder in _SCRATCH:
        if Path(folder).exists():  # unless the machine's own files are there still
            yield FileGrant(path=folder, may_write=True)
    for sight in _places(order):
        if Path(sight.target).exists():
            yield FileGrant(
                path=sight.target,
                may_write=sight.is_writable,
                may_execute=sight.may_execute and not sight.target.startswith("/dev/"),
            )
