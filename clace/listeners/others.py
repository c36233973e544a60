"""An admin socket for others: the server has no business there, so a peer that is it was misled."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any

from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger

_CREDENTIALS = struct.Struct("3i")


class OthersOnly(Factory):
    """Makes the protocols of another factory for whoever is not this process.

    Whoever opens the admin socket is the administrator. An app that got the server to connect to a
    path of the app's choosing, by a link or a URL, would be one.
    """

    noisy = False

    def __init__(self, factory: IProtocolFactory) -> None:
        self._factory = factory

    def doStart(self) -> None:
        self._factory.doStart()

    def doStop(self) -> None:
        self._factory.doStop()

    def buildProtocol(self, addr: Any) -> Any:
        inner = self._factory.buildProtocol(addr)
        return None if inner is None else _Entrance(inner)


class _Entrance(Protocol):
    """Steps aside for the other protocol once it has seen who is there."""

    _log = Logger()

    def __init__(self, inner: IProtocol) -> None:
        self._inner = inner

    def makeConnection(self, transport: Any) -> None:
        if _peer(transport) == os.getpid():
            self._log.error("The admin socket was opened by the server itself; it was refused")
            transport.abortConnection()
            return
        transport.protocol = self._inner
        self._inner.makeConnection(transport)


def _peer(transport: Any) -> int:
    """The number of the process at the other end; 0 if it cannot be seen."""
    handle = transport.getHandle()
    said = handle.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(said)[0])
