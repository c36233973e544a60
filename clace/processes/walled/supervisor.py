"""The supervisor of one walled program: in its network, outside of its walls.

It starts the init, hands the daemon sockets from behind the wall, and says how the program ended.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress

from clace.kernel import PARENT_DEATH, Layer, add_loopback_address, note, prctl, put_up
from clace.processes.walled.frames import (
    BadWallPacket,
    FromSupervisor,
    Opened,
    Over,
    Reach,
    Reached,
    Running,
    SendSignal,
    Walled,
    pack,
    read_order,
    receive,
    unpack_from_supervisor,
    unpack_to_supervisor,
)
from clace.processes.walled.init import GO, WallInit
from clace.processes.walled.layers import INNER, OUTER, WallSite, group_gone

_BACKLOG = 128
Layers = tuple[Layer[WallSite], ...]


class Supervisor:
    """One program, its init, and the line to the daemon."""

    def __init__(self, site: WallSite, line: socket.socket, layers: tuple[Layers, Layers]) -> None:
        self._site = site
        self._line = line
        self._outer, self._inner = layers
        self._openings: list[socket.socket] = []
        self._walls: dict[str, str] = {}
        self._failure = ""
        self._over: Over | None = None

    def run(self, descriptors: Mapping[str, int]) -> None:
        """Return when nothing of the program is left; ``descriptors`` are what it is given."""
        self._walls = put_up(self._outer, self._site)
        prctl(PARENT_DEATH, signal.SIGKILL)  # a new user namespace forgets it
        self._open()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                self._line.close()
                WallInit(self._site, theirs, self._inner).run(descriptors)
            except OSError as error:
                theirs.send(pack(Over(failure=f"its init failed: {error.strerror}")))
            finally:
                os._exit(1)  # nothing may fall back into this code
        theirs.close()
        for descriptor in descriptors.values():
            os.close(descriptor)
        self.watch(os.pidfd_open(pid), ours)

    def _open(self) -> None:
        if self._walls.get("network_namespace", "missing"):
            return  # here anybody on this machine would find the doors
        for place, opening in enumerate(self._site.order.openings):
            if not opening.address.startswith("127."):
                add_loopback_address(opening.address, place)
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
                listening.bind((opening.address, opening.port))
                listening.listen(_BACKLOG)
                self._tell(Opened(place), [listening.fileno()])

    def watch(self, init: int, report: socket.socket) -> None:
        """Serve the daemon until the init has ended and all that it reported has been heard."""
        ready = select.poll()
        for descriptor in (init, report.fileno(), self._line.fileno()):
            ready.register(descriptor, select.POLLIN)
        while True:
            found = [descriptor for descriptor, _events in ready.poll()]
            if report.fileno() in found:
                if not self._hear(report):
                    ready.unregister(report)
            elif init in found:
                self._reap(init)
                return
            elif self._line.fileno() in found and not self._obey(init):
                self._kill(init)
                ready.unregister(self._line)

    def _hear(self, report: socket.socket) -> bool:
        """Take what the init says; return false if it says no more."""
        packet, descriptors = receive(report)
        for descriptor in descriptors:
            os.close(descriptor)
        try:
            message = unpack_from_supervisor(packet)
        except BadWallPacket:
            return False
        if isinstance(message, Walled):
            for name, why in message.walls.items():
                note(self._walls, name, why)
            self._decide(report)
        elif isinstance(message, Running):
            self._failure = message.failure
            self._tell(message)
        elif isinstance(message, Over):
            self._over = message
        return True

    def _decide(self, report: socket.socket) -> None:
        """Let the init go on if every required wall stands."""
        for name in self._site.order.required:
            self._walls.setdefault(name, "it was not put up")
        self._tell(Walled(self._walls, os.getpid()))
        if any(self._walls[name] for name in self._site.order.required):
            report.shutdown(socket.SHUT_WR)
        else:
            report.send(GO)

    def _obey(self, init: int) -> bool:
        """Do as the daemon says; return false if it has gone."""
        packet, descriptors = receive(self._line)
        for descriptor in descriptors:
            os.close(descriptor)
        if not packet:
            return False
        message = unpack_to_supervisor(packet)
        if isinstance(message, Reach):
            self._reach(message)
        elif isinstance(message, SendSignal):
            with suppress(ProcessLookupError, ValueError):
                signal.pidfd_send_signal(init, message.number)
        return True

    def _reach(self, wanted: Reach) -> None:
        """The daemon waits for the connection: a program that accepts none must not stop us."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as reaching:
            reaching.setblocking(False)
            error = reaching.connect_ex(("127.0.0.1", wanted.port))
            if error in {0, errno.EINPROGRESS}:
                self._tell(Reached(wanted.request), [reaching.fileno()])
            else:
                self._tell(Reached(wanted.request, error))

    def _kill(self, init: int) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(init, signal.SIGKILL)

    def _reap(self, init: int) -> None:
        ended = os.waitid(os.P_PIDFD, init, os.WEXITED)
        group_gone(self._site)
        if self._over is not None or ended is None:
            self._tell(self._over or Over(failure="it was waited for by another"))
        elif ended.si_code == os.CLD_EXITED:
            self._tell(Over(status=ended.si_status, failure=self._failure))
        else:
            self._tell(Over(signal=ended.si_status))

    def _tell(self, message: FromSupervisor, descriptors: list[int] | None = None) -> None:
        with suppress(OSError):  # the daemon has gone: the next read says so
            socket.send_fds(self._line, [pack(message)], descriptors or [])


def supervise(descriptors: list[int], outer: Layers = OUTER, inner: Layers = INNER) -> None:
    """Supervise the program of the order; ``descriptors`` are those that came with ``FORK``."""
    file, line, output, *further = descriptors
    order = read_order(file)
    os.close(file)
    site = WallSite.of(order)
    given = {"output": output}
    if not order.merge:
        given["errors"] = further.pop(0)
    if order.listens:
        given["listening"] = further.pop(0)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=line)
    Supervisor(site, control, (outer, inner)).run(given)
    os._exit(0)
