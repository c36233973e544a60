"""The first process behind the wall: it puts up the rest of it, starts the program, and reaps.

It forwards signals to the program, which need not know that it is alone: a process of number 1
ignores signals that it does not handle, and has children that it did not start.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress

from clace.kernel import PARENT_DEATH, Layer, prctl, put_up
from clace.processes.walled.frames import Over, Running, Walled, pack
from clace.processes.walled.layers import WallSite

GO = b"go"
_LISTENING = 3
# Above those that the program gets, so that none is closed before it is copied.
_HIGH = 10
_LAST_STREAM = 2
_FORWARDED = frozenset(
    {
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGUSR2,
    }
)


class WallInit:
    """Number 1 of its processes."""

    def __init__(
        self, site: WallSite, report: socket.socket, layers: tuple[Layer[WallSite], ...]
    ) -> None:
        self._site = site
        self._report = report
        self._layers = layers

    def run(self, given: Mapping[str, int]) -> None:
        """Run the program to its end; ``given`` are the descriptors that are for it."""
        os.setsid()
        prctl(PARENT_DEATH, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_BLOCK, {*_FORWARDED, signal.SIGCHLD})
        close_all_but({self._report.fileno(), *given.values()})
        walls = put_up(self._layers, self._site)
        self._report.send(pack(Walled(walls)))
        # The answer of a supervisor that has died is empty: its death came before the order to
        # die with it.
        if self._report.recv(len(GO)) != GO:
            os._exit(0)
        self._start(given)

    def _start(self, given: Mapping[str, int]) -> None:
        reader, low = os.pipe()
        writer = _raised(low)
        os.close(low)
        pid = os.fork()
        if pid == 0:
            try:
                execute(self._site, given)
            except OSError as error:
                os.write(writer, str(error.strerror).encode())
            finally:
                os._exit(127)
        os.close(writer)
        for descriptor in given.values():
            os.close(descriptor)
        failure = os.read(reader, 1024).decode()
        if failure:
            failure = f"cannot start {self._site.order.command[0]}: {failure.lower()}"
        self._report.send(pack(Running(failure)))
        self._reap(pid, failure)

    def _reap(self, program: int, failure: str) -> None:
        while True:
            number = signal.sigwait({*_FORWARDED, signal.SIGCHLD})
            if number != signal.SIGCHLD:
                with suppress(ProcessLookupError):
                    os.kill(program, number)
                continue
            for pid, status in _ended():
                if pid == program:
                    self._report.send(pack(_over(status, failure)))
                    os._exit(0)


def _ended() -> list[tuple[int, int]]:
    """Processes that have ended, with their statuses."""
    found = []
    with suppress(ChildProcessError):
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(child)
    return found


def _over(status: int, failure: str) -> Over:
    if failure:
        return Over(failure=failure)
    code = os.waitstatus_to_exitcode(status)
    return Over(status=code) if code >= 0 else Over(signal=-code)


def close_all_but(kept: set[int]) -> None:
    """Close every other descriptor of this process, and have the first three lead nowhere."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - their number may be very large
        if int(name) not in kept:
            with suppress(OSError):  # that of the list itself
                os.close(int(name))
    while os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC) <= _LAST_STREAM:
        pass


def execute(site: WallSite, given: Mapping[str, int]) -> None:
    """Become the program.

    :raises OSError: if it cannot be executed.
    """
    order = site.order
    environment = dict(order.environment)
    os.chdir(order.folder)
    high = {name: _raised(descriptor) for name, descriptor in given.items()}
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(high["output"], 1)
    os.dup2(high.get("errors", high["output"]), 2)
    if "listening" in high:
        os.dup2(high["listening"], _LISTENING)
        environment |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError):  # some are kept by the C library
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execvpe(order.command[0], order.command, environment)  # noqa: S606 - that is what it is for


def _raised(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH)
