"""Bytes to a socket without a turn of the reactor."""

import errno
import socket

from twisted.internet import tcp, unix
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from clace.sending import write_now

LARGE = bytes(range(256)) * 8192


class Narrow:
    """A socket that takes a byte at a time, and after each of them none for once."""

    def __init__(self, sock):
        self._sock = sock
        self._takes = False

    def send(self, data):
        self._takes = not self._takes
        if not self._takes:
            raise BlockingIOError(errno.EWOULDBLOCK, "it is full")
        return self._sock.send(data[:1])

    def __getattr__(self, name):
        return getattr(self._sock, name)


class Turns:
    """As much of a reactor as says who wants a turn of it."""

    def __init__(self):
        self.readers, self.writers = set(), set()
        self.addReader, self.removeReader = self.readers.add, self.readers.discard
        self.addWriter, self.removeWriter = self.writers.add, self.writers.discard


class WriteNowTests(SynchronousTestCase):
    def setUp(self):
        ours, self.client = socket.socketpair()
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.client.setblocking(False)
        self.addCleanup(self.client.close)
        self.addCleanup(ours.close)
        self.turns = Turns()
        self.transport = self.connection(tcp.Server, ours)

    def connection(self, kind, sock):
        made = kind(sock, Protocol(), ("127.0.0.1", 1), None, 0, self.turns)
        made.protocol.makeConnection(made)
        return made

    def read(self):
        """What the client has been sent, taken as the server writes."""
        read = b""
        while True:
            try:
                read += self.client.recv(65536)
            except BlockingIOError:
                if self.transport not in self.turns.writers:
                    return read
                self.assertIsNone(self.transport.doWrite())

    def test_at_once(self):
        """A plain socket gets the bytes before the reactor has a turn, and wants none."""
        write_now(self.transport, b"one")
        self.assertEqual((self.client.recv(9), self.turns.writers), (b"one", set()))

    def test_unix(self):
        """So does a socket of the file system."""
        ours, client = socket.socketpair()
        self.addCleanup(client.close)
        self.addCleanup(ours.close)
        write_now(self.connection(unix.Server, ours), b"one")
        self.assertEqual(client.recv(9), b"one")

    def test_slow_client(self):
        """Whatever the socket does not take follows when it does, in order and once."""
        write_now(self.transport, LARGE)
        write_now(self.transport, b"behind")
        self.assertEqual(self.turns.writers, {self.transport})
        self.assertEqual(self.read(), LARGE + b"behind")

    def test_partial_sends(self):
        """However little the socket takes each time, the client gets every byte once, in order."""
        for kind in (tcp.Server, unix.Server):
            ours, self.client = socket.socketpair()
            self.addCleanup(self.client.close)
            self.addCleanup(ours.close)
            self.client.setblocking(False)
            self.transport = self.connection(kind, Narrow(ours))
            for data in (b"one", b"two", b"three"):
                write_now(self.transport, data)
            self.transport.write(b"four")
            write_now(self.transport, b"five")
            self.assertEqual(self.read(), b"onetwothreefourfive")
            write_now(self.transport, b"six")
            self.assertEqual(self.read(), b"six")

    def test_after_what_is_queued(self):
        """Bytes do not overtake those that were written before them."""
        self.transport.write(b"one")
        write_now(self.transport, b"two")
        self.assertEqual(self.read(), b"onetwo")

    def test_pauses(self):
        """Who writes is told to wait when the client is behind, and to go on when it is not."""
        told = []

        class Producer:
            pauseProducing = staticmethod(lambda: told.append("pause"))
            resumeProducing = staticmethod(lambda: told.append("resume"))

        self.transport.registerProducer(Producer, True)
        write_now(self.transport, LARGE)
        self.assertEqual(told, ["pause"])
        self.read()
        self.assertEqual(told, ["pause", "resume"])

    def test_client_has_gone(self):
        """That is found out by the reactor, as with any write."""
        self.client.close()
        write_now(self.transport, b"one")
        self.assertEqual(self.turns.writers, {self.transport})
        self.assertIsInstance(self.transport.doWrite(), ConnectionLost)

    def test_closing(self):
        """Bytes that are written while a connection closes are sent before its end."""
        self.transport.write(b"one")
        self.transport.loseConnection()
        write_now(self.transport, b"two")
        self.assertEqual(self.transport._tempDataBuffer, [b"one", b"two"])

    def test_encrypted(self):
        """A transport that encrypts gets the bytes itself, although it is of the same class."""
        self.transport.TLS = True
        written = []
        self.transport.write = written.append
        write_now(self.transport, b"one")
        self.assertEqual(written, [b"one"])

    def test_others(self):
        """Whatever else may be a transport is written to."""
        transport = StringTransport()
        write_now(transport, b"one")
        self.assertEqual(transport.value(), b"one")
