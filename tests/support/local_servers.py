"""Servers at UNIX sockets, in threads: for clients that block while they are answered."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from random import randrange
from threading import Thread

from twisted.internet.address import UNIXAddress
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.server import Site

# Below those that Linux gives to clients, and above those that have a name.
_PORTS = (20_000, 32_000)


def socket_folder(case):
    """A folder with a short name: that of a UNIX socket may have 107 bytes."""
    folder = tempfile.TemporaryDirectory(prefix="clace-")
    case.addCleanup(folder.cleanup)
    return Path(folder.name)


def listen(case, path, talk, backlog=16):
    """Take connections at ``path`` until the test ends, and let ``talk`` have each in turn."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(backlog)

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                talk(connection)

    thread = Thread(target=serve, daemon=True)
    thread.start()

    def stop():
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(60)
        listening.close()

    case.addCleanup(stop)


def serving(resource):
    """What ``listen`` takes for an HTTP server of ``resource``, without a reactor."""
    site = Site(resource, reactor=Clock())

    def talk(connection):
        transport = StringTransport(peerAddress=UNIXAddress(None))
        channel = site.buildProtocol(transport.getPeer())
        channel.makeConnection(transport)
        while not transport.disconnecting and (data := connection.recv(65536)):
            channel.dataReceived(data)
            connection.sendall(transport.value())
            transport.clear()

    return talk


def answering(answer, received=None):
    """What ``listen`` takes for a server that sends ``answer`` to whatever it receives first."""

    def talk(connection):
        request = connection.recv(65536)
        if received is not None:
            received.append(request)
        try:
            connection.sendall(answer)
        except ConnectionError:
            return  # The client has hung up, which may be what the test is about.

    return talk


def free_port():
    """A port that nobody listens on now; for addresses that have to be known before a start.

    It is none of those that the kernel gives to clients, which could take it before the start.
    """
    while True:
        port = randrange(*_PORTS)
        try:
            with socket.socket(socket.AF_INET6) as found:
                found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                found.bind(("::", port))
        except OSError:
            continue
        return port
