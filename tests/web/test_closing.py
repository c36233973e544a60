"""Tests for ``clace.web.http1.closing``: the ends of connections."""

from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import ISSLTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from clace.web.http1.connections import ConnectionBounds, ConnectionCounts
from tests.support.web import NO_PROXIES, Connection, Served
from tests.web.test_heads import GET


class SecureConnection(Connection):
    """A connection over TLS."""

    def __init__(self, site, **address):
        directlyProvides(self, ISSLTransport)
        super().__init__(site, **address)


class LeavingTests(SynchronousTestCase):
    def leaving(self):
        """A connection that was closed, and whose client has not taken all of its answer."""
        served = Served()
        connection = served.connect()
        connection.acknowledged = 0
        connection.channel.dataReceived(GET + b"Connection: close\r\n\r\n")
        self.assertTrue(connection.disconnecting)
        return served, connection

    def test_reads_on(self):
        """A client that takes as much as the rate says gets all of its answer, and no other."""
        served, connection = self.leaving()
        for _ in range(5):
            connection.acknowledged += served.limits.rate * served.limits.stall_seconds
            served.clock.advance(served.limits.stall_seconds)
        self.assertFalse(connection.lost)
        connection.acknowledged += served.limits.rate * served.limits.stall_seconds - 1
        served.clock.advance(served.limits.stall_seconds)
        self.assertTrue(connection.lost)
        self.assertEqual(served.clock.getDelayedCalls(), [])


class TurnedAwayTests(SynchronousTestCase):
    def setUp(self):
        self.served = Served()
        bounds = ConnectionBounds(each=1)
        counts = ConnectionCounts(bounds, NO_PROXIES, self.served.clock)
        self.served.site = self.served.make_site(counts)
        self.served.recorder.hold = True
        self.served.connect().send(GET + b"\r\n")

    def test_says_why(self):
        """A connection that finds no room is told when to come again, and serves nothing."""
        refused = self.served.connect()
        self.assertIn(b"\r\nRetry-After: 10\r\n", refused.value())
        self.assertIn(b"\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n", refused.value())
        refused.channel.dataReceived(GET + b"\r\n")
        refused.settle()
        self.assertTrue(refused.lost)
        self.assertEqual((refused.statuses, len(self.served.recorder.seen)), ([503], 1))

    def test_costs_little(self):
        """One that would first have to agree on TLS is closed without a word."""
        refused = SecureConnection(self.served.site)
        self.assertEqual(refused.value(), b"")
        self.assertIsInstance(refused.reason, ConnectionAborted)
