"""The process that app hosts are forked from: everything they need is loaded, nothing is begun.

Started by the daemon as ``main(descriptor)`` with an empty environment. It has one thread, and it
alone knows its children: a host is killed through its process descriptor, never by number.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from msgspec import Struct

from clace.frames import BadFrame
from clace.host.sandbox.child import ChildContext, live
from clace.host.sandbox.grounds import GROUNDS, survey
from clace.host.sandbox.walls import WallContext
from clace.host.sandbox.warmth import warm
from clace.kernel import PARENT_DEATH, prctl, put_up
from clace.wire import (
    MAX_FORK_SERVER_MESSAGE,
    ForkHost,
    FromForkServer,
    HostEnded,
    HostForked,
    KillHost,
    PrepareHosts,
    pack_fork_server,
    unpack_to_fork_server,
)

Live = Callable[[ChildContext], None]


class HostChild(NamedTuple):
    """A host that runs: the descriptor of its process, and its user if it has one of its own."""

    descriptor: int
    user: int


class ForkContext(Struct, frozen=True, kw_only=True):
    """Surroundings of forked hosts: the walls that stand, and the folder ``/proc`` of outside."""

    order: PrepareHosts
    walls: dict[str, str]
    processes: int

    def users(self) -> list[int]:
        """The users that hosts can be given, those given first last."""
        if os.geteuid():
            return []
        base = self.order.user_base
        return list(range(base + self.order.user_count - 1, base - 1, -1))

    def open(self, name: str) -> int:
        """A file of ``/proc``."""
        return os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.processes)

    def number_outside(self, process: int) -> int:
        """Return the number by which the daemon knows the process of this descriptor."""
        descriptor = self.open(f"self/fdinfo/{process}")
        try:
            lines = os.read(descriptor, 4096).decode("ascii").splitlines()
        finally:
            os.close(descriptor)
        return next(int(line.removeprefix("Pid:")) for line in lines if line.startswith("Pid:"))


class ForkServer:
    """Forks and kills hosts as the daemon says, and tells how each ended."""

    def __init__(self, control: socket.socket, yard: ForkContext, live: Live) -> None:
        self._control = control
        self._yard = yard
        self._live = live
        self._pid = os.getpid()
        self._users = yard.users()
        self._ready = selectors.DefaultSelector()
        self._ready.register(control, selectors.EVENT_READ, None)
        self._children: dict[int, HostChild] = {}

    def run(self) -> None:
        """Returns when the daemon has gone; then no host is left."""
        while True:
            for key, _events in self._ready.select():
                if key.data is not None:
                    self._reap(key.data)
                elif not self._obey():
                    self._end_all()
                    return

    def _obey(self) -> bool:
        """Return true while the daemon is there."""
        try:
            body, descriptors, _flags, _address = socket.recv_fds(
                self._control, MAX_FORK_SERVER_MESSAGE, 1
            )
        except ConnectionResetError:  # the daemon has gone without hearing how the last host ended
            return False
        if not body:
            return False
        try:
            order = unpack_to_fork_server(body)
        except BadFrame:
            return False
        if isinstance(order, ForkHost):
            self._spawn(order, descriptors[0])
        elif isinstance(order, KillHost) and order.host in self._children:
            signal.pidfd_send_signal(self._children[order.host].descriptor, signal.SIGKILL)
        return True

    def _spawn(self, order: ForkHost, descriptor: int) -> None:
        user = self._users.pop() if self._users else 0
        pid = os.fork()
        if pid == 0:
            try:
                self._live(self._birth(order, descriptor, user))
            finally:
                os._exit(1)  # nothing may fall back into this loop
        os.close(descriptor)
        child = os.pidfd_open(pid)
        self._children[order.host] = HostChild(child, user)
        self._ready.register(child, selectors.EVENT_READ, order.host)
        self._tell(HostForked(host=order.host, pid=self._yard.number_outside(child)))

    def _birth(self, order: ForkHost, descriptor: int, user: int) -> ChildContext:
        site = WallContext(
            socket=descriptor,
            parent=self._pid,
            bounds=order.bounds,
            statm=self._yard.open("self/statm"),
            user=user,
            no_user="" if user or os.geteuid() else "no user id is free",
        )
        return ChildContext(site=site, walls=self._yard.walls, required=self._yard.order.required)

    def _reap(self, host: int) -> None:
        child = self._children.pop(host)
        self._ready.unregister(child.descriptor)
        ended = os.waitid(os.P_PIDFD, child.descriptor, os.WEXITED)
        os.close(child.descriptor)
        if child.user:
            self._users.append(child.user)
        if ended is None:
            return
        if ended.si_code == os.CLD_EXITED:
            self._tell(HostEnded(host=host, status=ended.si_status))
        else:
            self._tell(HostEnded(host=host, signal=ended.si_status))

    def _tell(self, message: FromForkServer) -> None:
        with suppress(OSError):  # the daemon has gone: the next read says so
            self._control.send(pack_fork_server(message))

    def _end_all(self) -> None:
        for child in self._children.values():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(child.descriptor, signal.SIGKILL)
        for child in self._children.values():
            os.waitid(os.P_PIDFD, child.descriptor, os.WEXITED)


def main(descriptor: int, live: Live = live) -> None:
    """Serve the daemon at the other end of ``descriptor`` until it has gone.

    ``live`` is what becomes of a host.
    """
    # Signals to the daemon's group are for the daemon: it ends hosts when their requests are done.
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    prctl(PARENT_DEATH, signal.SIGKILL)
    warm()
    gc.collect()
    gc.freeze()
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptor)
    yard = enclose(control)
    if yard is not None:
        ForkServer(control, yard, live).run()


def enclose(control: socket.socket) -> ForkContext | None:
    """The yard that the daemon's first message asks for; ``None`` if it asks for something else."""
    try:
        order = unpack_to_fork_server(control.recv(MAX_FORK_SERVER_MESSAGE))
    except (OSError, BadFrame):
        return None
    if not isinstance(order, PrepareHosts):
        return None
    # The processes as those outside see them: afterwards there are no folders to open.
    processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    return ForkContext(order=order, walls=put_up(GROUNDS, survey(order)), processes=processes)


if __name__ == "__main__":
    main(int(sys.argv[1]))
