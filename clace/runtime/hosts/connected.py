"""A connected socket as a transport."""

from __future__ import annotations

from socket import socket
from typing import Any

from twisted.internet import tcp
from twisted.internet.protocol import Protocol

from clace.sending import DirectWriter


class ConnectedSocket(tcp.Connection, DirectWriter):
    """One end of a pair of sockets.

    Twisted's own transport for UNIX sockets can pass descriptors, which costs each read and write.
    """

    def __init__(self, connected: socket, protocol: Protocol, reactor: Any) -> None:
        connected.setblocking(False)
        super().__init__(connected, protocol, reactor)
        self.logstr = "host"
        self.connected = True
        protocol.makeConnection(self)
        self.startReading()
