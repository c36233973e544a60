"""Tests for ``clace.listeners.openssl``."""

import socket

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from clace.listeners.openssl import offer_groups
from clace.listeners.tls import TLSByName, context_of
from tests.listeners.test_tls import loaded
from tests.listeners.tls_sockets import Keeper, Line


class ConnectionTests(SynchronousTestCase):
    def setUp(self):
        context = context_of(loaded())
        self.line = Line(TLSByName(lambda _: context), Keeper())
        self.addCleanup(self.line.close)
        self.line.run()
        self.connection = self.line.server.getHandle()

    def send(self, data):
        self.line.client.write(data)
        self.line.client.send()

    def test_receives(self):
        """A record is received as it was sent, in parts if that is wanted, or only looked at."""
        self.send(b"\0\xffrecord")
        self.assertEqual(self.connection.recv(4, socket.MSG_PEEK), b"\0\xffre")
        self.assertEqual(self.connection.recv(4), b"\0\xffre")
        self.assertEqual(self.connection.recv(100), b"cord")

    def test_nothing_there(self):
        """Without a record it says that it waits for one."""
        self.assertRaises(SSL.WantReadError, self.connection.recv, 100)

    def test_sends(self):
        """Bytes and views of them are sent; a full socket is told of."""
        for data in (b"one ", memoryview(b"one two")[4:]):
            self.assertEqual(self.connection.send(data), len(data))
        self.line.client.step()
        self.assertEqual(self.line.client.received, b"one two")
        with self.assertRaises(SSL.WantWriteError):
            while True:
                self.connection.send(bytes(16384))

    def test_ended(self):
        """The end that a client announces, and one that it does not, differ."""
        self.line.client.say_goodbye()
        self.line.client.send()
        self.assertRaises(SSL.ZeroReturnError, self.connection.recv, 100)

    def test_cut(self):
        """An end that nobody announced is an error."""
        self.line.sockets[1].close()
        self.assertRaises(SSL.SysCallError, self.connection.recv, 100)


class GroupTests(SynchronousTestCase):
    def test_unknown_group(self):
        """A group that OpenSSL lacks is told, and leaves no error behind."""
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self.assertFalse(offer_groups(context, ("X25519", "no-such-group")))
        self.assertTrue(offer_groups(context, ("X25519", "P-256")))
