"""Bodies of answers are collected whole, up to a limit."""

from __future__ import annotations

from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss

from clace.client.agents import collect
from clace.errors import TooLarge


class Answer:
    """An answer whose body comes as the test says."""

    def deliverBody(self, protocol):
        self.protocol = protocol
        self.transport = StringTransport()
        protocol.makeConnection(self.transport)


class CollectTests(SynchronousTestCase):
    def setUp(self):
        self.answer = Answer()
        self.body = collect(self.answer, limit=6)

    def deliver(self, *pieces, end=ResponseDone):
        for piece in pieces:
            self.answer.protocol.dataReceived(piece)
        self.answer.protocol.connectionLost(Failure(end()))

    def test_joins_the_pieces(self):
        """However it was cut on the way, the body is whole."""
        self.deliver(b"ab", b"", b"cdef")
        self.assertEqual(self.successResultOf(self.body), b"abcdef")

    def test_may_end_with_the_connection(self):
        """An answer without a length ends where the connection does."""
        self.deliver(b"ab", end=PotentialDataLoss)
        self.assertEqual(self.successResultOf(self.body), b"ab")

    def test_fails_if_it_is_cut(self):
        """Half an answer is none."""
        self.deliver(b"ab", end=ConnectionLost)
        self.failureResultOf(self.body, ConnectionLost)

    def test_hangs_up_at_the_limit(self):
        """What is over the limit is neither kept nor read on."""
        self.answer.protocol.dataReceived(b"abcdefg")
        self.failureResultOf(self.body, TooLarge)
        self.assertTrue(self.answer.transport.disconnecting)
        self.deliver(b"more")
