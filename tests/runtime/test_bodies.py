"""Bodies that come in pieces."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppFailed
from clace.frames import BadFrame
from clace.runtime.hosts.bodies import AnswerBody


class BodyTests(SynchronousTestCase):
    def next(self, body):
        return Deferred.fromCoroutine(body.__anext__())

    def test_ahead_and_behind(self):
        """Pieces are got in order, whether they or the consumer come first."""
        body = AnswerBody(100)
        body.feed(b"a")
        self.assertEqual(self.successResultOf(self.next(body)), b"a")
        waiting = self.next(body)
        self.assertNoResult(waiting)
        body.feed(b"b")
        self.assertEqual(self.successResultOf(waiting), b"b")
        waiting = self.next(body)
        body.finish()
        self.failureResultOf(waiting, StopAsyncIteration)

    def test_failure_after_the_pieces(self):
        """What came before a failure is got before it."""
        body = AnswerBody(100)
        body.feed(b"a")
        body.finish(AppFailed("lost"))
        self.assertEqual(self.successResultOf(self.next(body)), b"a")
        self.failureResultOf(self.next(body), AppFailed)

    def test_limit(self):
        """Nobody may send much more than was asked for."""
        body = AnswerBody(10)
        body.feed(b"x" * 10)
        self.assertFalse(body.has_room(1))
        self.assertRaises(BadFrame, body.feed, b"x")

    def test_taken(self):
        """It is known when the consumer wants more."""
        body = AnswerBody(10)
        self.successResultOf(Deferred.fromCoroutine(body.taken()))
        body.feed(b"x")
        taken = Deferred.fromCoroutine(body.taken())
        self.successResultOf(self.next(body))
        self.assertNoResult(taken)
        self.next(body)
        self.successResultOf(taken)

    def test_abandoned(self):
        """A consumer who leaves, even while waiting, holds nobody up."""
        body = AnswerBody(10)
        waiting = self.next(body)
        self.successResultOf(Deferred.fromCoroutine(body.aclose()))
        self.failureResultOf(waiting, StopAsyncIteration)
        body.feed(b"x" * 100)
        self.successResultOf(Deferred.fromCoroutine(body.taken()))
        body.finish()

    def test_many_small_pieces(self):
        """However small they are, pieces without end are refused."""
        body = AnswerBody(10_000_000)
        for _ in range(100_000):
            body.feed(b"x")
        self.assertRaises(BadFrame, body.feed, b"x")
