"""The reading end of a pipe, read only when somebody asks."""

from __future__ import annotations

import os

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.interfaces import IOutput

_CHUNK = 64 * 1024


@implementer(IReadDescriptor, IOutput)
class Pipe:
    """Bytes from a descriptor that it owns; whoever writes waits until they are wanted."""

    def __init__(self, reactor: IReactorFDSet, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._reactor = reactor
        self._descriptor = descriptor
        self._waiting: Deferred[bytes] | None = None

    async def read(self) -> bytes:
        """Return the next bytes, at most 64 KiB; empty at the end or once it is closed."""
        if self._descriptor < 0:
            return b""
        self._waiting = Deferred(lambda _: self._pause())
        self._reactor.addReader(self)
        return await self._waiting

    def close(self) -> None:
        """Read no more; whoever writes learns that nobody listens."""
        if self._descriptor >= 0:
            self._pause()
            os.close(self._descriptor)
            self._descriptor = -1
            self._deliver(b"")

    def doRead(self) -> Failure | None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            return Failure(ConnectionLost())
        if not data:
            return Failure(ConnectionDone())
        self._pause()
        self._deliver(data)
        return None

    def connectionLost(self, _reason: Failure) -> None:
        self.close()

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return "program"

    def _pause(self) -> None:
        self._reactor.removeReader(self)

    def _deliver(self, data: bytes) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.called:
            waiting.callback(data)
