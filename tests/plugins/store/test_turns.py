"""Whose turn it is."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.engines import DatabaseLimits
from clace.plugins.builtin.store.turns import OwnerTurns
from clace.plugins.kit.definition import CallFailed


class TurnsTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.turns = OwnerTurns(self.clock, 5, count=2, each=1)

    def take(self, owner):
        return Deferred.fromCoroutine(self.turns.take(owner))

    def test_one_owner(self):
        """Whoever wants many turns has one; others do not wait behind the rest."""
        first = self.successResultOf(self.take("a"))
        again = [self.take("a") for _ in range(3)]
        self.successResultOf(self.take("b"))
        for waiting in again:
            self.assertNoResult(waiting)
        first()
        self.successResultOf(again[0])
        self.assertNoResult(again[1])

    def test_many_owners(self):
        """Owners have their turns in the order in which they came."""
        done = [self.successResultOf(self.take(owner)) for owner in "ab"]
        third, fourth = self.take("c"), self.take("d")
        done[1]()
        self.successResultOf(third)
        self.assertNoResult(fourth)

    def test_late(self):
        """Who waits too long is told, and leaves the queue: behind others, or behind himself."""
        done = [self.successResultOf(self.take(owner)) for owner in "ab"]
        waiting = self.take("a"), self.take("c"), self.take("c")
        self.clock.advance(5)
        for one in waiting:
            self.assertIn("busy", self.failureResultOf(one, CallFailed).value.message)
        for one in done:
            one()
        for owner in "ac":
            self.successResultOf(self.take(owner))

    def test_cancelled(self):
        """Who gives up leaves the queue too."""
        done = [self.successResultOf(self.take(owner)) for owner in "ab"]
        waiting = self.take("c")
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        done[0]()
        self.successResultOf(self.take("c"))

    def test_limits(self):
        """Who waits outlasts an open transaction, and the query that runs in it at its end."""
        limits = DatabaseLimits()
        self.assertGreater(limits.wait_seconds, limits.transaction_seconds + limits.query_seconds)
