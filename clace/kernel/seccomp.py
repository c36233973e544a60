"""Filters of system calls as the kernel runs them, and their installation."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct
from collections.abc import Callable

from clace.kernel.machines import SyscallTable

_INSTRUCTION = struct.Struct("=HBBI")
# Offsets in ``struct seccomp_data``; arguments are 64 bits, of which the low half comes first.
_NUMBER, _ARCH, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
# x86_64 takes the calls of its 32-bit sibling under numbers from here on.
_X32 = 0x40000000
_ABSENT = 0x00050000 | errno.ENOSYS
_NAMESPACES = 0x7E020000
_FAMILIES = (1, 2, 10)  # UNIX, INET, INET6
_TYPING = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_SET_FILTER, _ALL_THREADS = 1, 1


class NotInstalled(OSError):
    """The kernel refused the filter."""


def allowing(machine: SyscallTable, pid: int) -> bytes:
    """The filter: what is not allowed fails with EPERM; foreign machine code ends the process.

    Memory is never executable, and a signal may only be sent to this process itself.
    """
    program = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, machine.audit_arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    for number in machine.allowed.values():
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for number in (machine.mmap, machine.mprotect):
        program += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _THIRD),
            (_ANY_BIT, 1, 0, mmap.PROT_EXEC),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _REFUSE),
        ]
    program += [
        (_EQUAL, 0, 3, machine.tgkill),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 0, 1, pid),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)


def denying(machine: SyscallTable) -> bytes:
    """The filter of a program that may do what programs do: some calls fail, the rest work.

    It makes no namespaces and no exotic sockets, and types nothing into its terminal. A C library
    that is told of no ``clone3`` uses ``clone``, whose flags can be judged.
    """
    program = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, machine.audit_arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
        (_EQUAL, 0, 1, machine.clone3),
        (_RETURN, 0, 0, _ABSENT),
    ]
    for number in machine.denied.values():
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    program += _judged(machine.clone, _FIRST, [(_ANY_BIT, 0, 1, _NAMESPACES)], refused=True)
    families = [(_EQUAL, 0, 1, family) for family in _FAMILIES]
    program += _judged(machine.socket, _FIRST, families, refused=False)
    requests = [(_EQUAL, 0, 1, request) for request in _TYPING]
    program += _judged(machine.ioctl, _SECOND, requests, refused=True)
    program.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)


def _judged(
    number: int, argument: int, tests: list[tuple[int, int, int, int]], *, refused: bool
) -> list[tuple[int, int, int, int]]:
    """Judge a call by an argument: if a test holds it is refused, or only then allowed."""
    found, else_ = (_REFUSE, _ALLOW) if refused else (_ALLOW, _REFUSE)
    body = [(_LOAD, 0, 0, argument)]
    for test in tests:
        body += [test, (_RETURN, 0, 0, found)]
    body.append((_RETURN, 0, 0, else_))
    return [(_EQUAL, 0, len(body), number), *body]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install(code: bytes, number: int, syscall: Callable[..., int]) -> None:
    """Filter the process's system calls for good; needs ``no_new_privs``.

    ``number`` is that of the system call.

    :raises NotInstalled: if the kernel refused, or one of the process's threads has another filter.
    """
    program = _Program(len(code) // _INSTRUCTION.size, code)
    result = syscall(number, _SET_FILTER, _ALL_THREADS, ctypes.byref(program))
    if result != 0:
        reason = ctypes.get_errno() or errno.ESRCH
        raise NotInstalled(reason, f"seccomp: {os.strerror(reason)}")
