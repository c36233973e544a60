"""Tests for ``clace.bodies``."""

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.iweb import IBodyProducer
from zope.interface.verify import verifyObject

from clace.bodies import ArrivingBody, WholeBody


class Consumer(list):
    """Keeps what is written."""

    write = list.append


class WholeBodyTests(SynchronousTestCase):
    def test_is_written_at_once(self):
        """The body has its length, arrives whole, and is done."""
        body = WholeBody(b"abc")
        verifyObject(IBodyProducer, body)
        consumer = Consumer()
        self.successResultOf(body.startProducing(consumer))
        self.assertEqual((consumer, body.length), ([b"abc"], 3))
        for ask in (body.pauseProducing, body.resumeProducing, body.stopProducing):
            ask()
        self.assertEqual(consumer, [b"abc"])


class ArrivingBodyTests(SynchronousTestCase):
    def setUp(self):
        self.transport, self.body = StringTransport(), ArrivingBody()
        self.body.makeConnection(self.transport)

    def next(self):
        return Deferred.fromCoroutine(self.body.next())

    def test_pieces(self):
        """What came is taken as one piece, what comes when it is there; the end is nothing."""
        self.body.dataReceived(b"a")
        self.body.dataReceived(b"b")
        self.assertEqual(self.successResultOf(self.next()), b"ab")
        waiting = self.next()
        self.assertNoResult(waiting)
        self.body.dataReceived(b"c")
        self.assertEqual(self.successResultOf(waiting), b"c")
        self.body.connectionLost(Failure(ResponseDone()))
        self.assertEqual(self.successResultOf(self.next()), b"")

    def test_server_waits(self):
        """The server is held back until what it has sent is taken."""
        self.assertEqual(self.transport.producerState, "producing")
        self.body.dataReceived(b"a")
        self.assertEqual(self.transport.producerState, "paused")
        self.successResultOf(self.next())
        self.assertEqual(self.transport.producerState, "producing")

    def test_last_piece(self):
        """A piece that came before the end is not lost with it."""
        self.body.dataReceived(b"a")
        self.body.connectionLost(Failure(ResponseDone()))
        self.assertEqual(self.successResultOf(self.next()), b"a")
        self.assertEqual(self.successResultOf(self.next()), b"")

    def test_cut(self):
        """A connection that breaks fails the next piece, after those that came."""
        self.body.dataReceived(b"a")
        self.body.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.successResultOf(self.next()), b"a")
        self.failureResultOf(self.next(), ConnectionLost)

    def test_abandoned(self):
        """Whoever wants no more closes the connection, which otherwise would wait for ever."""
        self.body.abandon()
        self.assertTrue(self.transport.disconnecting)
