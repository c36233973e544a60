"""The process that starts programs as the daemon sees it: how it is run, and the socket to it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.processes.frames import MAX_PACKET, BadPacket, unpack_up

_CONTROL = 3
_BOOT = (
    "import sys; sys.path.append(sys.argv[1]);"
    f" from clace.processes.runner import main; main({_CONTROL})"
)
_ROOT = str(Path(__file__).parent.parent.parent)
_COMMAND = (sys.executable, "-I", "-S", "-c", _BOOT, _ROOT)
Heard = Callable[[int, int, int], None]


@implementer(IReadDescriptor)
class Line:
    """A runner process and the socket to it. Packets, so that descriptors stay with theirs.

    ``heard`` takes each packet or raises ``BadPacket``; ``lost`` is told once why no more come.
    """

    def __init__(self, reactor: Any, heard: Heard, lost: Callable[[str], None]) -> None:
        self._reactor = reactor
        self._heard = heard
        self._lost = lost
        self._was_lost = False
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._process = _Process(self._ended)
        with theirs, Path(os.devnull).open("r+b") as nothing:
            null = nothing.fileno()
            reactor.spawnProcess(
                self._process,
                _COMMAND[0],
                _COMMAND,
                env={},
                childFDs={0: null, 1: null, 2: "r", _CONTROL: theirs.fileno()},
            )
        reactor.addReader(self)

    def send(self, packet: bytes, descriptors: Sequence[int] = ()) -> None:
        """:raises OSError: if the process does not read."""
        socket.send_fds(self._socket, [packet], descriptors)

    async def close(self) -> None:
        """Hang up, which is the order to end, and wait until the process has."""
        self._hang_up()
        await self._process.ended

    def fileno(self) -> int:
        return self._socket.fileno()

    def doRead(self) -> None:
        try:
            while packet := self._socket.recv(MAX_PACKET):
                self._heard(*unpack_up(packet))
            reason = "it hung up"
        except BlockingIOError:
            return
        except (OSError, BadPacket) as error:
            reason = str(error)
        # The process may take a moment longer to end; the next one need not wait for that.
        self._exited(reason)

    def connectionLost(self, _reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        self._hang_up()

    def logPrefix(self) -> str:
        return "program runner"

    def _hang_up(self) -> None:
        if self._socket.fileno() >= 0:
            self._reactor.removeReader(self)
            self._socket.close()

    def _ended(self, reason: str) -> None:
        """The last packets of the process come before the news that it has ended."""
        if self._socket.fileno() >= 0:
            self.doRead()
        self._exited(reason)

    def _exited(self, reason: str) -> None:
        self._hang_up()
        if not self._was_lost:
            self._was_lost = True
            self._lost(reason)


class _Process(ProcessProtocol):
    """Logs the complaints of the process; ``ended`` fires when it is gone."""

    _log = Logger()

    def __init__(self, exited: Callable[[str], None]) -> None:
        self._exited = exited
        self.ended: Deferred[None] = Deferred()

    def errReceived(self, data: bytes) -> None:
        self._log.warn("program runner: {text}", text=data.decode("utf-8", "replace").rstrip())

    def processEnded(self, reason: Failure) -> None:
        self._exited(reason.getErrorMessage())
        self.ended.callback(None)
