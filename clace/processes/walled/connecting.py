"""Connections over sockets that were made elsewhere, given to a factory once they stand."""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import TimeoutError as ConnectTimedOut
from twisted.internet.error import getConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer


async def connected(
    reactor: Any, descriptor: int, factory: IProtocolFactory, seconds: float
) -> Any:
    """A protocol of the factory's on the socket of this descriptor, which it owns from now on.

    :raises ConnectError: if it does not connect within so many seconds.
    """
    os.set_blocking(descriptor, False)
    try:
        await _Writable(reactor, descriptor, seconds).connected
        family = socket.socket(fileno=os.dup(descriptor))
        with family:
            kind = family.family
        once = _Once(factory)
        reactor.adoptStreamConnection(descriptor, kind, once)
    finally:
        os.close(descriptor)
    return once.protocol


@implementer(IWriteDescriptor)
class _Writable:
    """Waits until a socket can be written to, which is when it has connected or failed to."""

    def __init__(self, reactor: Any, descriptor: int, seconds: float) -> None:
        self._reactor = reactor
        self._descriptor = descriptor
        self.connected: Deferred[None] = Deferred(lambda _: self._leave())
        self._late = reactor.callLater(seconds, self._end, ConnectTimedOut())
        reactor.addWriter(self)

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return "connecting"

    def doWrite(self) -> None:
        with socket.socket(fileno=os.dup(self._descriptor)) as looked_at:
            error = looked_at.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self._end(getConnectError((error, os.strerror(error))) if error else None)

    def connectionLost(self, _reason: Failure) -> None:
        if not self.connected.called:
            self.doWrite()

    def _end(self, error: Exception | None) -> None:
        self._leave()
        if error is None:
            self.connected.callback(None)
        else:
            self.connected.errback(error)

    def _leave(self) -> None:
        self._reactor.removeWriter(self)
        if self._late.active():
            self._late.cancel()


@implementer(IProtocolFactory)
class _Once:
    """Hands out the protocol of another factory, and remembers it."""

    def __init__(self, factory: IProtocolFactory) -> None:
        self._factory = factory
        self.protocol: IProtocol | None = None

    def buildProtocol(self, address: Any) -> IProtocol | None:
        self.protocol = self._factory.buildProtocol(address)
        return self.protocol

    def doStart(self) -> None:
        pass

    def doStop(self) -> None:
        pass
