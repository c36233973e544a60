"""System calls that the standard library lacks."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)

PARENT_DEATH, DUMPABLE, DROP_BOUNDING, NO_NEW_PRIVILEGES, AMBIENT = 1, 4, 24, 38, 47
NEW_MOUNTS, NEW_NAMES, NEW_IPC, NEW_USERS = 0x20000, 0x4000000, 0x8000000, 0x10000000
NEW_PIDS, NEW_NETWORK, NEW_CGROUPS = 0x20000000, 0x40000000, 0x2000000
# The first word is the version of what is asked; the capabilities asked for are none.
_THIS_THREAD, _NONE = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
_CLEAR_AMBIENT = 4
_HERE, _RECURSIVE, _SET_FLAGS = -100, 0x8000, 442
_ASK_FLAGS, _SET_INTERFACE, _UP = 0x8913, 0x8914, 1
_SET_ADDRESS, _SET_MASK = 0x8916, 0x891C


class Unavailable(Exception):
    """The layer is not to be had on this machine; the text says what is missing."""


def last_error() -> OSError:
    """Return the kernel's error for the call that just failed."""
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def prctl(option: int, value: int = 0) -> None:
    _check(libc.prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3))


def unshare(namespace: int) -> None:
    """Leave one namespace of this kind for a new one."""
    _check(libc.unshare(namespace))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    texts = (source.encode(), target.encode(), kind.encode())
    _check(libc.mount(*texts, ctypes.c_ulong(flags), options.encode()))


def set_mount_flags(target: str, flags: int) -> None:
    """Add ``MOUNT_ATTR_*`` flags to a mount and all below it."""
    attributes = struct.pack("=4Q", flags, 0, 0, 0)
    path = (ctypes.c_long(_HERE), target.encode(), ctypes.c_long(_RECURSIVE))
    _check(libc.syscall(ctypes.c_long(_SET_FLAGS), *path, attributes, ctypes.c_long(32)))


def bring_up_loopback() -> None:
    """Let this network namespace's ``lo`` carry packets."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH22x", b"lo", 0)
        answer = fcntl.ioctl(any_socket, _ASK_FLAGS, request)
        (flags,) = struct.unpack_from("16xH", answer)
        fcntl.ioctl(any_socket, _SET_INTERFACE, struct.pack("16sH22x", b"lo", flags | _UP))


def add_loopback_address(address: str, number: int) -> None:
    """Give this network namespace's ``lo`` one more address; ``number`` is not yet used."""
    name = f"lo:{number}".encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for request, value in ((_SET_ADDRESS, address), (_SET_MASK, "255.255.255.255")):
            packed = struct.pack("=H2x4s8x", socket.AF_INET, socket.inet_aton(value))
            fcntl.ioctl(any_socket, request, struct.pack("16s16s8x", name, packed))


def detach(target: str) -> None:
    """Unmount it now for everybody who has not yet opened it."""
    lazily = 2
    _check(libc.umount2(target.encode(), lazily))


def pivot_root(number: int, new: str, old: str) -> None:
    """``number`` is that of the system call, which has no function in glibc."""
    _check(libc.syscall(number, new.encode(), old.encode()))


def drop_bounding_set() -> None:
    """No program that is executed can be given a capability."""
    capability = 0
    while libc.prctl(DROP_BOUNDING, ctypes.c_ulong(capability), 0, 0, 0) == 0:
        capability += 1
    if ctypes.get_errno() != errno.EINVAL:  # there is no capability of that number
        raise last_error()


def drop_capabilities() -> None:
    """Drop all capabilities of this thread, and those it could hand down."""
    _check(libc.capset(_THIS_THREAD, _NONE))
    libc.prctl(AMBIENT, ctypes.c_ulong(_CLEAR_AMBIENT), *[ctypes.c_ulong(0)] * 3)


def _check(result: int) -> None:
    if result != 0:
        raise last_error()
