"""A process of ours, told what to do over a socket of packets."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ProcessExitedAlready
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

CONTROL = 3
"""The descriptor of the process at which its end of the socket is."""


class ProcessCommand(Struct, frozen=True):
    """A process to start: its name in the log, its arguments, and its environment."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = {}


@implementer(IReadDescriptor)
class ControlLine:
    """A process and the socket to it. Packets, so that descriptors stay with theirs.

    ``heard`` takes each packet, of ``most`` bytes, and raises ``malformed`` to have the line hung
    up; ``lost`` is told once why no more come.
    """

    def __init__(
        self,
        reactor: Any,
        command: ProcessCommand,
        heard: Callable[[bytes], None],
        lost: Callable[[str], None],
        *,
        most: int,
        malformed: type[Exception],
    ) -> None:
        self._reactor = reactor
        self._name = command.name
        self._heard = heard
        self._lost = lost
        self._most = most
        self._malformed = malformed
        self._was_lost = False
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._process = _Process(command.name, self._ended)
        with theirs, Path(os.devnull).open("r+b") as nothing:
            null = nothing.fileno()
            reactor.spawnProcess(
                self._process,
                command.arguments[0],
                command.arguments,
                env=dict(command.environment),
                childFDs={0: null, 1: null, 2: "r", CONTROL: theirs.fileno()},
            )
        reactor.addReader(self)

    def send(self, packet: bytes, descriptors: Sequence[int] = ()) -> None:
        """:raises OSError: if the process does not read."""
        socket.send_fds(self._socket, [packet], descriptors)

    def kill(self) -> None:
        """End the process at once, although it may be stopped, and hear no more of it."""
        self.forget()
        transport = self._process.transport
        assert transport is not None
        with suppress(ProcessExitedAlready):
            transport.signalProcess("KILL")

    def forget(self) -> None:
        """Hear no more of the process, and leave it alone: it is another's."""
        self._was_lost = True
        self._hang_up()

    async def close(self) -> None:
        """Hang up, which is the order to end, and wait until the process has."""
        self._hang_up()
        await self._process.ended

    def fileno(self) -> int:
        return self._socket.fileno()

    def doRead(self) -> None:
        self._take()

    def connectionLost(self, _reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        self._hang_up()

    def logPrefix(self) -> str:
        return self._name

    def _take(self) -> bool:
        """Take the next packet; return false if none is there, or none will come."""
        try:
            packet = self._received()
            if packet:
                self._heard(packet)
                return True
            reason = "it hung up"
        except BlockingIOError:
            return False
        except (OSError, self._malformed) as error:
            reason = str(error)
        # The process may take a moment longer to end; the next one need not wait for that.
        self._exited(reason)
        return False

    def _received(self) -> bytes:
        try:
            return self._socket.recv(self._most)
        except ConnectionResetError:
            # Said once, of an end that left packets unread; what the other end sent comes after.
            return self._socket.recv(self._most)

    def _ended(self, reason: str) -> None:
        """The last packets of the process come before the news that it has ended."""
        while self._socket.fileno() >= 0 and self._take():
            pass
        self._exited(reason)

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
    """Logs the complaints of the process; ``ended`` fires when it is gone."""

    _log = Logger()

    def __init__(self, name: str, exited: Callable[[str], None]) -> None:
        self._name = name
        self._exited = exited
        self.ended: Deferred[None] = Deferred()

    def errReceived(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace").rstrip()
        self._log.warn("{name}: {text}", name=self._name, text=text)

    def processEnded(self, reason: Failure) -> None:
        self._exited(reason.getErrorMessage())
        self.ended.callback(None)
