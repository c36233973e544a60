"""Work that is done once for all who wait."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.single_flight import SingleFlight


class SingleFlightTests(SynchronousTestCase):
    def setUp(self):
        self.works = []
        self.shared = SingleFlight(self.work)

    async def work(self):
        self.works.append(Deferred())
        return await self.works[-1]

    def ask(self):
        return Deferred.fromCoroutine(self.shared.result())

    def test_once(self):
        """All who ask meanwhile get the one result; who asks later, a new one."""
        waiting = [self.ask(), self.ask()]
        self.works[0].callback(1)
        self.assertEqual([self.successResultOf(one) for one in waiting], [1, 1])
        later = self.ask()
        self.assertNoResult(later)
        self.assertEqual(len(self.works), 2)

    def test_failure(self):
        """All get the one failure."""
        waiting = [self.ask(), self.ask()]
        self.works[0].errback(ValueError("no"))
        for one in waiting:
            self.failureResultOf(one, ValueError)

    def test_who_leaves(self):
        """Who stops waiting does not stop the work."""
        first, second = self.ask(), self.ask()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.works[0].callback(1)
        self.assertEqual(self.successResultOf(second), 1)

    def test_at_once(self):
        """Work that is done at once is none to wait for."""

        async def one():
            return 1

        shared = SingleFlight(one)
        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(shared.result())), 1)
