"""The process that supervisors are forked from: warm, of one thread, and without a secret.

The daemon starts it as ``main(descriptor)`` with an empty environment. It never reads an order:
that is for the supervisor, which goes when this process or the daemon does.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

from clace.kernel import PARENT_DEATH, prctl
from clace.processes.walled.frames import ALIVE, FORK, receive
from clace.processes.walled.layers import sweep
from clace.processes.walled.supervisor import supervise

Supervise = Callable[[list[int]], None]


class Launcher:
    """Forks a supervisor for each order."""

    def __init__(self, control: socket.socket, become: Supervise) -> None:
        self._control = control
        self._become = become
        self._pid = os.getpid()

    def run(self) -> None:
        """Return when the daemon has gone."""
        while True:
            packet, descriptors = receive(self._control)
            if packet == ALIVE:
                with suppress(OSError):  # the daemon has gone: the next read says so
                    self._control.send(ALIVE)
                continue
            if packet != FORK:
                return
            try:
                self._fork(descriptors)
            finally:
                # The daemon learns from the end of its line if nobody was forked.
                for descriptor in descriptors:
                    os.close(descriptor)

    def _fork(self, descriptors: list[int]) -> None:
        try:
            if os.fork():
                return
        except OSError as error:
            sys.stderr.write(f"cannot fork a supervisor: {error.strerror}\n")
            return
        try:
            self._control.close()
            prctl(PARENT_DEATH, signal.SIGKILL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if os.getppid() == self._pid:
                self._become(descriptors)
        except Exception:  # noqa: BLE001 - the daemon logs what is written here
            traceback.print_exc()
        finally:
            os._exit(1)  # nothing may fall back into the loop


def main(descriptor: int, become: Supervise = supervise) -> None:
    """Serve the daemon at the other end of ``descriptor`` until it has gone."""
    # Signals to the daemon's group are for the daemon: it ends programs when their work is done.
    os.setsid()
    os.chdir("/")
    os.umask(0o022)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    prctl(PARENT_DEATH, signal.SIGKILL)
    os.set_inheritable(descriptor, False)
    sweep()
    gc.collect()
    gc.freeze()
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptor)
    Launcher(control, become).run()
