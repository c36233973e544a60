"""The daemon's end of the fork server: it is asked for hosts, and tells how they ended."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.logger import Logger

from clace.control_line import CONTROL, ControlLine, ProcessCommand
from clace.errors import AppCrashed
from clace.frames import BadFrame
from clace.os_errors import os_reason
from clace.runtime.hosts.program import ENVIRONMENT, HostCommand
from clace.wire import (
    MAX_FORK_SERVER_MESSAGE,
    ForkHost,
    HostBounds,
    HostEnded,
    HostForked,
    KillHost,
    pack_fork_server,
    unpack_from_fork_server,
)

Ended = Callable[[HostEnded], None]
_PROGRAM = HostCommand()
# What a host may send before the daemon reads it; with less each piece of an answer takes a turn.
_SENT_AHEAD = 1 << 19
_TICKS = os.sysconf("SC_CLK_TCK")
# After the name, which may hold anything: the state, and then numbers.
_USER, _SYSTEM = 11, 12


class RequestedHost(Struct, frozen=True):
    """A host that was asked for: its number, and the daemon's end of its socket."""

    host: int
    socket: Any


class ForkServerProcess:
    """Starts the fork server process when it is first needed, and again if it dies."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        program: HostCommand = _PROGRAM,
        getpid: Callable[[], int] = os.getpid,
    ) -> None:
        self._reactor = reactor
        self._getpid = getpid
        self._program = program
        self._numbers = itertools.count(1)
        self._control: ControlLine | None = None
        self._ended: dict[int, Ended] = {}
        self._stopped = False
        self._starter = 0
        self.pids: dict[int, int] = {}

    def start(self) -> None:
        """Have the process ready before the first host is asked for.

        One that was started before the server went into the background ended with its parent.
        """
        if self._starter != self._getpid():
            self._forget()
        if self._control is None:
            self._starter = self._getpid()
            self._control = ControlLine(
                self._reactor,
                ProcessCommand("fork server", self._program.command(CONTROL), ENVIRONMENT),
                lambda packet: self._on_message(unpack_from_fork_server(packet)),
                self._lost,
                most=MAX_FORK_SERVER_MESSAGE,
                malformed=BadFrame,
            )
            self._control.send(pack_fork_server(self._program.prepare))

    def fork(self, bounds: HostBounds, ended: Ended) -> RequestedHost:
        """Fork a new host; ``ended`` is called once, when it has ended.

        :raises AppCrashed: if the fork server cannot be started.
        """
        if self._stopped:
            raise AppCrashed("the server is stopping")
        self.start()
        assert self._control is not None
        host = next(self._numbers)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENT_AHEAD)
        with theirs:
            try:
                self._control.send(
                    pack_fork_server(ForkHost(host=host, bounds=bounds)), [theirs.fileno()]
                )
            except OSError as error:
                ours.close()
                raise AppCrashed(
                    f"cannot start a process for the app: {os_reason(error)}"
                ) from error
        self._ended[host] = ended
        return RequestedHost(host, ours)

    def kill(self, host: int) -> None:
        """End a host at once, if it still lives."""
        if self._control is not None and host in self._ended:
            # A fork server that cannot be told is gone, and its hosts with it.
            with suppress(OSError):
                self._control.send(pack_fork_server(KillHost(host)))

    def processor_seconds(self, host: int) -> float:
        """Return the processor seconds a host has used so far; 0 for one that has ended."""
        pid = self.pids.get(host)
        return 0.0 if pid is None else processor_seconds(pid)

    async def stop(self) -> None:
        """End all hosts and the fork server; returns when they are gone."""
        self._stopped = True
        if self._control is not None:
            await self._control.close()

    def _forget(self) -> None:
        """Let go of a process that is not ours, and of its hosts."""
        if self._control is not None:
            self._control.forget()
        self._control = None
        self._ended.clear()
        self.pids.clear()

    def _on_message(self, message: HostForked | HostEnded) -> None:
        if isinstance(message, HostForked):
            self.pids[message.host] = message.pid
            return
        self.pids.pop(message.host, None)
        ended = self._ended.pop(message.host, None)
        if ended is not None:
            ended(message)

    def _lost(self, reason: str) -> None:
        """The process has ended, and by the parent-death signal its hosts too."""
        self._control = None
        if not self._stopped:
            self._log.error("The fork server of app hosts ended: {reason}", reason=reason)
        for host in list(self._ended):
            self._on_message(HostEnded(host=host, signal=9))


def processor_seconds(pid: int) -> float:
    """Return the processor seconds a process has used so far; 0 if it cannot be seen."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0.0
    numbers = told.rpartition(b")")[2].split()
    return (int(numbers[_USER]) + int(numbers[_SYSTEM])) / _TICKS
