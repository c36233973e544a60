"""Work that ends with its request."""

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import PluginRefused
from clace.plugins.gate.running import RunningCalls


class RunningTests(SynchronousTestCase):
    def setUp(self):
        self.running = RunningCalls()

    def run_now(self, work):
        return Deferred.fromCoroutine(self.running.run(work))

    async def waits_for(self, *waited):
        return [await one for one in waited]

    def test_at_once(self):
        """Work that waits for nothing, or for what is there, is done when it begins."""
        work = self.running.run(self.waits_for(succeed(1), succeed(2)))
        with self.assertRaises(StopIteration) as done:
            work.send(None)
        self.assertEqual((done.exception.value, len(self.running)), ([1, 2], 0))

    def test_waits(self):
        """Work that waits, again and again, counts until it is done."""
        first, second = Deferred(), Deferred()
        running = self.run_now(self.waits_for(first, second))
        first.callback("a")
        self.assertEqual(len(self.running), 1)
        second.callback("b")
        self.assertEqual(self.successResultOf(running), ["a", "b"])
        self.assertEqual(len(self.running), 0)

    def test_fails(self):
        """Work fails with its own error, whether it had to wait or not; it can handle errors."""

        async def handles(waited):
            try:
                await waited
            except ZeroDivisionError:
                return await Deferred(lambda _: None)

        late = Deferred()
        for work in (self.waits_for(fail(ValueError())), self.waits_for(late)):
            running = self.run_now(work)
            if not late.called:
                late.errback(ValueError())
            self.failureResultOf(running, ValueError)
        late = Deferred()
        running = self.run_now(handles(late))
        late.errback(ZeroDivisionError())
        self.assertNoResult(running)
        running.cancel()
        self.failureResultOf(running, CancelledError)

    def test_end(self):
        """The end cancels what waits, which is told in the same words however it fails."""

        async def fails_when_cancelled():
            try:
                await Deferred()
            except CancelledError:
                raise ZeroDivisionError from None

        waiting = [self.run_now(self.waits_for(Deferred())), self.run_now(fails_when_cancelled())]
        self.running.end()
        for one in waiting:
            failure = self.failureResultOf(one, PluginRefused)
            self.assertEqual(failure.value.message, "the request has ended")
        self.assertEqual(len(self.running), 0)
