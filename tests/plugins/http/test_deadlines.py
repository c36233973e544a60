"""Work that may only take so long."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.http.deadlines import in_time
from clace.plugins.kit.definition import CallFailed


class InTimeTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.cancelled = []
        self.inner = Deferred(self.cancelled.append)

    def work(self):
        async def work():
            return await self.inner

        return Deferred.fromCoroutine(in_time(self.clock, work(), 5, "too slow"))

    def test_done(self):
        """What is done in time has its result, or its own failure, and leaves no timer."""
        for end, outcome in (
            (lambda: self.inner.callback(3), self.successResultOf),
            (lambda: self.inner.errback(KeyError()), lambda d: self.failureResultOf(d, KeyError)),
        ):
            self.inner = Deferred()
            work = self.work()
            end()
            outcome(work)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_late(self):
        """What takes too long is cancelled, and fails as was said however it ends."""
        work = self.work()
        self.clock.advance(4.9)
        self.assertNoResult(work)
        self.clock.advance(0.2)
        self.assertEqual(self.failureResultOf(work, CallFailed).value.message, "too slow")
        self.assertEqual(len(self.cancelled), 1)

    def test_cancelled(self):
        """Who stops waiting stops the work."""
        work = self.work()
        work.addErrback(lambda _: None)
        work.cancel()
        self.assertEqual(len(self.cancelled), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
