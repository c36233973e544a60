"""The process that app hosts are forked from: everything they need is loaded, nothing is begun.

Started by the daemon as ``main(descriptor)`` with an empty environment. It has one thread, and it
alone knows its children: a host is killed through its process descriptor, never by number.
"""

from __future__ import annotations

import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress

from clace.host.child import live
from clace.host.walls import Site
from clace.host.warmth import warm
from clace.wire import (
    MAX_NURSERY_MESSAGE,
    BadFrame,
    Born,
    FromNursery,
    Gone,
    Spawn,
    pack_nursery,
    unpack_to_nursery,
)

_PARENT_DEATH = 1


class Nursery:
    """Forks and kills hosts as the daemon says, and tells how each ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pid = os.getpid()
        self._ready = selectors.DefaultSelector()
        self._ready.register(control, selectors.EVENT_READ, None)
        self._children: dict[int, int] = {}

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
        """Whether the daemon is still there."""
        body, descriptors, _flags, _address = socket.recv_fds(self._control, MAX_NURSERY_MESSAGE, 1)
        if not body:
            return False
        try:
            order = unpack_to_nursery(body)
        except BadFrame:
            return False
        if isinstance(order, Spawn):
            self._spawn(order, descriptors[0])
        elif order.host in self._children:
            signal.pidfd_send_signal(self._children[order.host], signal.SIGKILL)
        return True

    def _spawn(self, order: Spawn, descriptor: int) -> None:
        pid = os.fork()
        if pid == 0:
            live(Site(socket=descriptor, parent=self._pid, bounds=order.bounds))
        os.close(descriptor)
        child = os.pidfd_open(pid)
        self._children[order.host] = child
        self._ready.register(child, selectors.EVENT_READ, order.host)
        self._tell(Born(host=order.host, pid=pid))

    def _reap(self, host: int) -> None:
        child = self._children.pop(host)
        self._ready.unregister(child)
        ended = os.waitid(os.P_PIDFD, child, os.WEXITED)
        os.close(child)
        if ended is None:
            return
        if ended.si_code == os.CLD_EXITED:
            self._tell(Gone(host=host, status=ended.si_status))
        else:
            self._tell(Gone(host=host, signal=ended.si_status))

    def _tell(self, message: FromNursery) -> None:
        with suppress(OSError):  # the daemon has gone: the next read says so
            self._control.send(pack_nursery(message))

    def _end_all(self) -> None:
        for child in self._children.values():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(child, signal.SIGKILL)
        for child in self._children.values():
            os.waitid(os.P_PIDFD, child, os.WEXITED)


def main(descriptor: int) -> None:
    """Serve the daemon at the other end of ``descriptor`` until it has gone."""
    # Signals to the daemon's group are for the daemon: it ends hosts when their requests are done.
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    warm()
    gc.collect()
    gc.freeze()
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptor)
    Nursery(control).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
