"""The process that starts programs: one thread, few imports, so little that a start is cheap.

The daemon starts it as ``main(descriptor)`` with an empty environment. It alone knows its children:
their groups are killed before their numbers can become somebody else's. When the daemon has gone,
however it ended, every program and what that started in its group goes too.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
import socket
from array import array
from contextlib import suppress

from clace.processes.frames import (
    ALIVE,
    DESCRIPTORS,
    EXITED,
    KILLED,
    MAX_ORDER,
    MAX_PACKET,
    REFUSED,
    START,
    STARTED,
    BadPacket,
    StartOrder,
    pack_up,
    unpack_down,
)

# The daemon raises its own limit; programs are used to this one, and some try every number.
_USUAL_FILES = 1024
_SHELL = b"/bin/sh"
_INT = array("i").itemsize
_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


class ProgramRunner:
    """Starts and kills programs as the daemon says, and reports how each ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._ready = select.epoll()
        self._ready.register(control, select.EPOLLIN)
        self._numbers: dict[int, int] = {}
        """By the descriptors of the processes."""
        self._pids: dict[int, int] = {}

    def run(self) -> None:
        """Return when the daemon has gone and every program has been killed."""
        try:
            while self._turn():
                pass
        finally:
            for pid in self._pids.values():
                _kill_group(pid)

    def _turn(self) -> bool:
        """Tell whether the daemon is still there."""
        for descriptor, _events in self._ready.poll():
            if descriptor in self._numbers:
                self._reap(descriptor)
            elif not self._obey():
                return False
        return True

    def _obey(self) -> bool:
        packet, descriptors = _received(self._control)
        if not packet:
            return False
        kind, number = unpack_down(packet)
        if len(descriptors) != (DESCRIPTORS if kind == START else 0):
            raise BadPacket("a packet with other descriptors than it needs")
        if kind == START:
            self._start(number, descriptors)
        elif kind == ALIVE:
            self._tell(ALIVE, number, 0)
        elif number in self._pids:
            _kill_group(self._pids[number])
        return True

    def _start(self, number: int, descriptors: list[int]) -> None:
        try:
            pid = spawn(StartOrder.unpack(_content(descriptors[0])), descriptors[1:])
        except OSError as error:
            self._tell(REFUSED, number, error.errno or 0)
            return
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        process = os.pidfd_open(pid)
        self._numbers[process] = number
        self._pids[number] = pid
        self._ready.register(process, select.EPOLLIN)
        self._tell(STARTED, number, pid)

    def _reap(self, process: int) -> None:
        number = self._numbers.pop(process)
        # Closing is not enough: a program that is just starting has a copy until it runs, and the
        # event would be taken for one of the next process that gets this descriptor.
        self._ready.unregister(process)
        # Until it is waited for, the number of the group is still its own.
        _kill_group(self._pids.pop(number))
        ended = os.waitid(os.P_PIDFD, process, os.WEXITED)
        os.close(process)
        if ended is not None:
            exited = ended.si_code == os.CLD_EXITED
            self._tell(EXITED if exited else KILLED, number, ended.si_status)

    def _tell(self, kind: int, number: int, value: int) -> None:
        with suppress(OSError):  # the daemon has gone: the next read says so
            self._control.send(pack_up(kind, number, value))


def _received(control: socket.socket) -> tuple[bytes, list[int]]:
    """The next packet and its descriptors, which no program inherits; empty if nobody is there."""
    # socket.recv_fds of Python 3.11 forgets the flags that it is given.
    room = socket.CMSG_SPACE(DESCRIPTORS * _INT)
    try:
        packet, ancillary, _flags, _address = control.recvmsg(
            MAX_PACKET, room, socket.MSG_CMSG_CLOEXEC
        )
    except ConnectionResetError:
        return b"", []
    descriptors = array("i")
    for _level, _kind, data in ancillary:
        descriptors.frombytes(data)
    return packet, descriptors.tolist()


def spawn(order: StartOrder, streams: list[int]) -> int:
    """Start a program in a session of its own and return its process id.

    :raises OSError: if it cannot be started.
    """
    limits = {resource.RLIMIT_FSIZE: order.file_bytes, resource.RLIMIT_DATA: order.memory_bytes}
    before = {kind: resource.getrlimit(kind) for kind in limits}
    # A program inherits the folder and the limits of this process, which has no use for them.
    os.chdir(order.folder)
    try:
        for kind, most in limits.items():
            hard = before[kind][1]
            if most:
                resource.setrlimit(kind, (_at_most(most, hard), hard))
        return _spawned(order, streams)
    finally:
        for kind, limit in before.items():
            resource.setrlimit(kind, limit)
        os.chdir("/")


def _at_most(wanted: int, hard: int) -> int:
    """The soft limit that comes nearest to the one wanted."""
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _spawned(order: StartOrder, streams: list[int]) -> int:
    try:
        return _spawn(order.executable, order, streams, ())
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    # A script that does not name its interpreter is the shell's, as it is for execvp.
    return _spawn(_SHELL, order, streams, (_SHELL,))


def _spawn(path: bytes, order: StartOrder, streams: list[int], leading: tuple[bytes, ...]) -> int:
    return os.posix_spawn(
        path,
        (*leading, order.executable, *order.arguments),
        order.environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, stream, n) for n, stream in enumerate(streams)],
        setsid=True,
        setsigmask=(),
        setsigdef=_SIGNALS,
    )


def _content(descriptor: int) -> bytes:
    length = os.fstat(descriptor).st_size
    if length > MAX_ORDER:
        raise BadPacket("an order over the limit")
    return os.pread(descriptor, length, 0)


def _kill_group(pid: int) -> None:
    with suppress(OSError):  # ended, or another user's
        os.killpg(pid, signal.SIGKILL)


def main(descriptor: int) -> None:
    """Serve the daemon at the other end of ``descriptor`` until it has gone."""
    # Signals to the daemon's group are for the daemon: it ends programs when their calls are done.
    os.setsid()
    os.chdir("/")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_at_most(_USUAL_FILES, hard), hard))
    os.set_inheritable(descriptor, False)
    ProgramRunner(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptor)).run()
