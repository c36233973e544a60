"""Tests for ``clace.web.http1.streaming``."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyRequest

from clace.runtime.hosts.bodies import AnswerBody
from clace.web.http1.streaming import LARGEST_PIECE, PacedBody, write_whole


class Channel:
    """A connection that can be cut."""

    lost = aborted = False

    def loseConnection(self):
        self.lost = True

    def abort(self):
        self.aborted = True


class StreamingTests(SynchronousTestCase):
    def setUp(self):
        self.request = DummyRequest([])
        self.request.channel = Channel()
        self.request.clientproto = b"HTTP/1.1"
        self.producer = None
        self.request.registerProducer = self.registered
        self.request.unregisterProducer = lambda: self.registered(None, streaming=True)
        self.body = AnswerBody(1024)

    def registered(self, producer, streaming):
        self.producer = producer

    def send(self, body=None):
        return Deferred.fromCoroutine(PacedBody(self.request).send(body or self.body))

    def leave(self):
        self.request.processingFailed(Failure(ConnectionDone()))

    def test_sends_what_comes(self):
        """Pieces are written as they come, until the end."""
        sending = self.send()
        self.body.feed(b"one")
        self.body.feed(b"two")
        self.assertEqual(self.request.written, [b"one", b"two"])
        self.body.finish()
        self.successResultOf(sending)

    def test_waits_for_the_client(self):
        """While the client is behind, no further piece is taken."""
        sending = self.send()
        self.producer.pauseProducing()
        self.body.feed(b"one")
        self.body.feed(b"two")
        self.assertEqual(self.request.written, [b"one"])
        self.producer.resumeProducing()
        self.assertEqual(self.request.written, [b"one", b"two"])
        self.assertNoResult(sending)
        self.body.finish()
        self.successResultOf(sending)

    def test_client_leaves_while_nothing_comes(self):
        """A silent stream is closed at once when nobody listens any more."""
        sending = self.send()
        self.leave()
        self.successResultOf(sending)
        self.assertTrue(self.body.abandoned)

    def test_client_leaves_while_it_is_behind(self):
        """A stream that waits for the client is closed when the client leaves."""
        sending = self.send()
        self.producer.pauseProducing()
        self.body.feed(b"one")
        self.leave()
        self.successResultOf(sending)
        self.assertTrue(self.body.abandoned)

    def test_failure_at_once(self):
        """A stream that breaks before its first piece can still be answered for."""

        async def broken():
            raise ValueError("broken")
            yield

        self.failureResultOf(self.send(broken()), ValueError)
        self.assertFalse(self.request.channel.lost)
        self.assertIsNone(self.producer)

    def test_pieces_at_hand(self):
        """Pieces that are there are written one after the other, without waiting."""
        self.body.feed(b"one")
        self.body.feed(b"two")
        sending = self.send()
        self.assertEqual(self.request.written, [b"one", b"two"])
        self.producer.pauseProducing()
        self.body.feed(b"three")
        self.assertEqual(self.request.written, [b"one", b"two", b"three"])
        self.body.feed(b"four")
        self.leave()
        self.successResultOf(sending)
        self.assertEqual(len(self.request.written), 3)

    def test_failure_cuts_the_connection(self):
        """A stream that breaks does not look whole to the client."""

        async def broken():
            yield b"one"
            raise ValueError("broken")

        self.failureResultOf(self.send(broken()), ValueError)
        self.assertTrue(self.request.channel.lost)
        self.assertIsNone(self.producer)

    def test_failure_of_an_old_answer(self):
        """What has no chunks is cut by a reset: its end is that of the connection."""

        async def broken():
            yield b"one"
            raise ValueError("broken")

        self.request.clientproto = b"HTTP/1.0"
        self.failureResultOf(self.send(broken()), ValueError)
        channel = self.request.channel
        self.assertEqual((channel.lost, channel.aborted), (False, True))

    def test_failure_behind_the_client(self):
        """A stream that breaks when its client has left fails as itself."""
        waits = Deferred()

        async def broken():
            yield b"one"
            try:
                await waits
            finally:
                raise ValueError("broken")

        sending = self.send(broken())
        channel, self.request.channel = self.request.channel, None
        self.leave()
        self.failureResultOf(sending, ValueError)
        self.assertFalse(channel.lost)

    def test_cancelled(self):
        """An answer that is given up before its end does not look whole, and its body is closed."""
        sending = self.send()
        self.body.feed(b"one")
        sending.cancel()
        self.failureResultOf(sending, CancelledError)
        self.assertTrue(self.request.channel.lost)
        self.assertTrue(self.body.abandoned)

    def test_told_twice(self):
        """A client that is said to be behind twice is waited for once."""
        sending = self.send()
        self.producer.pauseProducing()
        self.body.feed(b"one")
        self.producer.pauseProducing()
        self.producer.resumeProducing()
        self.body.feed(b"two")
        self.assertEqual(self.request.written, [b"one", b"two"])
        self.body.finish()
        self.successResultOf(sending)

    def test_behind_and_gone(self):
        """A client that is said to be behind when it has left is not waited for."""
        sending, producer = self.send(), self.producer

        def write(data):
            self.leave()
            producer.pauseProducing()

        self.request.write = write
        self.body.feed(b"one")
        self.successResultOf(sending)
        self.assertTrue(self.body.abandoned)

    def test_stopped(self):
        """A connection that is closing wants no more."""
        sending = self.send()
        self.producer.stopProducing()
        self.successResultOf(sending)
        self.assertTrue(self.body.abandoned)

    def test_whole(self):
        """What is there as a whole is written in pieces if it is large."""
        for size, pieces in ((LARGEST_PIECE, 1), (LARGEST_PIECE + 1, 2)):
            self.request.written = []
            self.successResultOf(write_whole(self.request, bytes(size)))
            self.assertEqual(len(self.request.written), pieces)
            self.assertEqual(b"".join(self.request.written), bytes(size))
