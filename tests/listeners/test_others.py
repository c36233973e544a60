"""The admin socket refuses the server itself."""

import subprocess
import sys

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from clace.listeners.others import OthersOnly

CONNECTS = """
import socket, sys
with socket.socket(socket.AF_UNIX) as one:
    one.settimeout(20)
    one.connect(sys.argv[1])
    one.sendall(b"hello")
    sys.stdout.write(one.recv(100).decode())
"""


class Echo(Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class Listener(Protocol):
    def __init__(self):
        self.ended = Deferred()
        self.found = b""

    def connectionMade(self):
        self.transport.write(b"hello")

    def dataReceived(self, data):
        self.found += data

    def connectionLost(self, reason):
        self.ended.callback(self.found)


class OthersTests(TestCase):
    """On a real socket."""

    timeout = 60

    def setUp(self):
        self.path = self.mktemp()
        factory = OthersOnly(Factory.forProtocol(Echo))
        port = reactor.listenUNIX(self.path, factory, mode=0o600)
        self.addCleanup(port.stopListening)

    async def test_itself(self):
        """A connection of this process is closed before anything is read, and told of."""
        endpoint = UNIXClientEndpoint(reactor, self.path)
        client = await endpoint.connect(Factory.forProtocol(Listener))
        self.assertEqual(await client.ended, b"")

    async def test_others(self):
        """Another process, though of the same user, is served."""
        command = (sys.executable, "-c", CONNECTS, self.path)
        done = await deferToThread(
            subprocess.run, command, capture_output=True, timeout=30, check=True
        )
        self.assertEqual(done.stdout, b"hello")
