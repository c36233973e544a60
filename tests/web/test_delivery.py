"""Tests for ``clace.web.http1.delivery``, with the kernel's own sockets."""

import socket

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from clace.web.http1.delivery import has_hung_up, taken_bytes


class Plain:
    """A transport, as far as anybody asks it here."""

    def __init__(self, sock):
        self.getHandle = lambda: sock


class Wrapper:
    """TLS, or another one."""

    def __init__(self, transport):
        self.transport = transport


class KernelTestCase(SynchronousTestCase):
    def kept(self, *sockets):
        for each in sockets:
            self.addCleanup(each.close)
        return sockets

    def tcp(self):
        """Both ends of a connection over TCP."""
        (listening,) = self.kept(socket.create_server(("127.0.0.1", 0)))
        client = socket.create_connection(listening.getsockname())
        return self.kept(listening.accept()[0], client)


class TakenTests(KernelTestCase):
    def test_counts(self):
        """What the other end has acknowledged is counted, also below a wrapper."""
        ours, theirs = self.tcp()
        self.assertEqual(taken_bytes(Plain(ours)), 0)
        ours.send(b"12345")
        theirs.recv(5)
        self.assertEqual(taken_bytes(Wrapper(Plain(ours))), 5)

    def test_nobody_counts(self):
        """Of UNIX sockets and what is no socket nothing is known."""
        ours, _ = self.kept(*socket.socketpair())
        self.assertIsNone(taken_bytes(Plain(ours)))
        self.assertIsNone(taken_bytes(StringTransport()))


class HungUpTests(KernelTestCase):
    def test_unix(self):
        """On a UNIX socket a client that has left is told from one that sends no more."""
        ours, theirs = self.kept(*socket.socketpair())
        theirs.shutdown(socket.SHUT_WR)
        self.assertFalse(has_hung_up(Plain(ours)))
        theirs.close()
        self.assertTrue(has_hung_up(Wrapper(Plain(ours))))

    def test_tcp(self):
        """On TCP it is known once the client has refused what it was sent."""
        ours, theirs = self.tcp()
        theirs.close()
        self.assertFalse(has_hung_up(Plain(ours)))
        ours.send(b"anybody there?")
        self.assertTrue(has_hung_up(Plain(ours)))

    def test_no_socket(self):
        """What is no socket, or no longer, has not hung up."""
        ours, _ = self.kept(*socket.socketpair())
        ours.close()
        for transport in (Plain(ours), StringTransport()):
            self.assertFalse(has_hung_up(transport))
