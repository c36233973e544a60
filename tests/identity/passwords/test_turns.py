"""Tests for ``clace.identity.passwords.turns``: fair shares of the checks."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import LockedOut
from clace.identity.passwords.turns import Lane, Turns

A, B, KNOWN = Lane("192.0.2.1"), Lane("192.0.2.2"), Lane("192.0.2.1", "admin")


class TurnsTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.began = []
        self.turns = Turns(self.clock, workers=1, per_lane=4, waiting=6)

    def take(self, lane):
        waiting = Deferred.fromCoroutine(self.turns.take(lane))
        waiting.addCallback(lambda _: self.began.append(lane))
        return waiting

    def serve(self, count=1):
        """End turns, each after a tenth of a second; return who had the next ones."""
        self.began.clear()
        for _ in range(count):
            self.clock.advance(0.1)
            self.turns.give_back()
        return self.began

    def test_begins_at_once(self):
        """Nobody waits for a free worker."""
        self.successResultOf(self.take(A))
        self.assertNoResult(self.take(A))

    def test_alternates(self):
        """Of two who always ask, each has every other turn, however many they ask for."""
        self.take(A)
        for lane in (A, A, A, B, B):
            self.take(lane)
        self.assertEqual(self.serve(5), [B, A, B, A, A])

    def test_serves_who_had_least_lately(self):
        """One who comes seldom goes before one who had many turns, though he came later."""
        self.take(A)
        for _ in range(5):
            self.take(A)
            self.serve()
        self.take(A)
        self.take(B)
        self.assertEqual(self.serve(2), [B, A])

    def test_forgets_old_turns(self):
        """What was had long ago is no reason to wait."""
        self.take(A)
        for _ in range(5):
            self.take(A)
            self.serve()
        self.clock.advance(3600)
        self.take(A)
        self.take(B)
        self.assertEqual(self.serve(2), [A, B])

    def test_keeps_nothing_of_who_came_long_ago(self):
        """Turns that no longer count take no room, however many have come."""
        for number in range(3000):
            self.successResultOf(Deferred.fromCoroutine(self.turns.take(Lane(str(number)))))
            self.turns.give_back()
            self.clock.advance(1)
        self.assertLess(len(self.turns._uses), 1000)

    def test_serves_known_names_first(self):
        """A user who signs in from an address does not wait for the strangers who share it."""
        self.take(A)
        self.take(A)
        self.take(B)
        self.take(KNOWN)
        self.assertEqual(self.serve(3), [KNOWN, B, A])

    def test_bounds_a_lane(self):
        """One lane holds only so many."""
        self.take(A)
        for _ in range(4):
            self.assertNoResult(self.take(A))
        refused = self.failureResultOf(self.take(A), LockedOut)
        self.assertEqual(refused.value.retry_after, 1)

    def test_makes_room_for_others(self):
        """When all is full, the last of the longest lane gives way to one who has fewer."""
        self.take(A)
        waiting = [self.take(A) for _ in range(4)]
        self.take(B)
        self.take(B)
        newcomer = self.take(KNOWN)
        self.failureResultOf(waiting[3], LockedOut)
        self.assertEqual(self.serve(), [KNOWN])
        self.successResultOf(newcomer)

    def test_keeps_room_from_who_has_most(self):
        """When all is full, the longest lane gets no longer."""
        self.take(A)
        for lane in (A, A, A, B, B, B):
            self.take(lane)
        self.failureResultOf(self.take(A), LockedOut)

    def test_survives_who_stops_waiting(self):
        """A turn that is no longer wanted goes to the next."""
        self.take(A)
        gone = self.take(A)
        gone.addErrback(lambda _: None)
        gone.cancel()
        self.take(B)
        self.assertEqual(self.serve(), [B])
        self.serve()
        self.successResultOf(self.take(A))

    @given(st.lists(st.integers(0, 40), max_size=300))
    def test_never_loses_a_turn(self, lanes):
        """However many come, each is served or refused, and then the worker is free again."""
        self.setUp()
        asked = [self.take(Lane(f"192.0.2.{number}")) for number in lanes]
        refused = []
        for each in asked:
            each.addErrback(lambda failure: refused.append(failure.trap(LockedOut)))
        for _ in range(min(len(asked), 7)):
            self.turns.give_back()
        self.assertTrue(all(each.called for each in asked))
        self.successResultOf(self.take(A))
