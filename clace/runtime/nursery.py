"""The daemon's end of the nursery: hosts are asked for here, and how they ended is told here."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.errors import AppCrashed
from clace.runtime.processes import processor_seconds
from clace.runtime.program import ENVIRONMENT, Program
from clace.wire import (
    MAX_NURSERY_MESSAGE,
    BadFrame,
    Born,
    End,
    Gone,
    HostBounds,
    Spawn,
    pack_nursery,
    unpack_from_nursery,
)

_CONTROL = 3
Ended = Callable[[Gone], None]
_PROGRAM = Program()


class Birth(Struct, frozen=True):
    """A host that was asked for: its number, and the daemon's end of its socket."""

    host: int
    socket: Any


class Nursery:
    """Starts the nursery process when it is first needed, and again if it dies."""

    _log = Logger()

    def __init__(self, reactor: Any, program: Program = _PROGRAM) -> None:
        self._reactor = reactor
        self._program = program
        self._numbers = itertools.count(1)
        self._control: _Control | None = None
        self._ended: dict[int, Ended] = {}
        self._stopped = False
        self.pids: dict[int, int] = {}

    def start(self) -> None:
        """Have the process ready before the first host is asked for."""
        if self._control is None:
            self._control = _Control(self._reactor, self._program, self._told, self._lost)

    def fork(self, bounds: HostBounds, ended: Ended) -> Birth:
        """Fork a new host; ``ended`` is called once, when it has ended.

        :raises AppCrashed: if the nursery cannot be started.
        """
        if self._stopped:
            raise AppCrashed("the server is stopping")
        self.start()
        assert self._control is not None
        host = next(self._numbers)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                self._control.send(Spawn(host=host, bounds=bounds), theirs.fileno())
            except OSError as error:
                ours.close()
                raise AppCrashed(f"cannot start a process for the app: {error}") from error
        self._ended[host] = ended
        return Birth(host, ours)

    def kill(self, host: int) -> None:
        """End a host at once, if it still lives."""
        if self._control is not None and host in self._ended:
            with suppress(OSError):  # a nursery that cannot be told is gone, and its hosts with it
                self._control.send(End(host))

    def processor_seconds(self, host: int) -> float:
        """Return the processor seconds a host has used so far; 0 for one that has ended."""
        pid = self.pids.get(host)
        return 0.0 if pid is None else processor_seconds(pid)

    async def stop(self) -> None:
        """End all hosts and the nursery; returns when they are gone."""
        self._stopped = True
        if self._control is not None:
            await self._control.close()

    def _told(self, message: Born | Gone) -> None:
        if isinstance(message, Born):
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
            self._log.error("The nursery of app hosts ended: {reason}", reason=reason)
        for host in list(self._ended):
            self._told(Gone(host=host, signal=9))


@implementer(IReadDescriptor)
class _Control:
    """The process and the socket to it. Packets, so that a descriptor stays with its message."""

    def __init__(
        self,
        reactor: Any,
        program: Program,
        told: Callable[[Born | Gone], None],
        lost: Callable[[str], None],
    ) -> None:
        self._reactor = reactor
        self._told = told
        self._lost = lost
        self._was_lost = False
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._process = _Process(self._exited)
        with theirs, Path(os.devnull).open("r+b") as nothing:
            null = nothing.fileno()
            reactor.spawnProcess(
                self._process,
                program.executable,
                program.command(_CONTROL),
                env=ENVIRONMENT,
                childFDs={0: null, 1: null, 2: "r", _CONTROL: theirs.fileno()},
            )
        reactor.addReader(self)
        self._socket.send(pack_nursery(program.prepare))

    def send(self, message: Spawn | End, *descriptors: int) -> None:
        """:raises OSError: if the nursery does not read."""
        socket.send_fds(self._socket, [pack_nursery(message)], descriptors)

    async def close(self) -> None:
        """Hanging up is the order to end."""
        self._hang_up()
        await self._process.ended

    def fileno(self) -> int:
        return self._socket.fileno()

    def doRead(self) -> None:
        try:
            body = self._socket.recv(MAX_NURSERY_MESSAGE)
            message = unpack_from_nursery(body) if body else None
        except BlockingIOError:
            return
        except (OSError, BadFrame):
            message = None
        if message is None:
            # Its process may take a moment longer to end; the next one need not wait for that.
            self._exited("it hung up")
        else:
            self._told(message)

    def connectionLost(self, _reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        self._hang_up()

    def logPrefix(self) -> str:
        return "nursery"

    def _hang_up(self) -> None:
        if self._socket.fileno() >= 0:
            self._reactor.removeReader(self)
            self._socket.close()

    def _exited(self, reason: str) -> None:
        self._hang_up()
        if not self._was_lost:
            self._was_lost = True
            self._lost(reason)


class _Process(ProcessProtocol):
    """Logs what the nursery complains of; ``ended`` fires when it is gone."""

    _log = Logger()

    def __init__(self, exited: Callable[[str], None]) -> None:
        self._exited = exited
        self.ended: Deferred[None] = Deferred()

    def errReceived(self, data: bytes) -> None:
        self._log.warn("nursery: {text}", text=data.decode("utf-8", "replace").rstrip())

    def processEnded(self, reason: Failure) -> None:
        self._exited(reason.getErrorMessage())
        self.ended.callback(None)
