"""Tests for ``clace.identity.factors.tickets``."""

from itertools import count

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.identity.factors.tickets import SECONDS, Tickets


class TicketsTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        numbers = count()
        self.tickets = Tickets(self.clock, lambda _: f"t{next(numbers)}", each=3, capacity=6)

    def issue(self, owner, number):
        return [self.tickets.issue(value, owner) for value in range(number)]

    def here(self, names):
        return [self.tickets.look(name) is not None for name in names]

    def test_counts_once(self):
        """A value is taken once, and looked at any number of times before."""
        name = self.tickets.issue("a", "ann")
        self.assertEqual([self.tickets.look(name), self.tickets.look(name)], ["a", "a"])
        self.assertEqual([self.tickets.take(name), self.tickets.take(name)], ["a", None])
        self.assertIsNone(self.tickets.look("other"))

    def test_time(self):
        """A value is forgotten after five minutes."""
        name = self.tickets.issue("a", "ann")
        self.clock.advance(SECONDS - 1)
        self.assertEqual(self.tickets.look(name), "a")
        self.clock.advance(1)
        self.assertIsNone(self.tickets.take(name))

    def test_room_of_one(self):
        """Whoever asks for many loses the oldest, and nobody else does."""
        bob = self.issue("bob", 1)
        ann = self.issue("ann", 5)
        self.assertEqual(self.here(ann), [False, False, True, True, True])
        self.assertEqual(self.here(bob), [True])

    def test_room_of_all(self):
        """If all have too many, the one with most loses the oldest."""
        ann = self.issue("ann", 3)
        others = [self.issue(f"user{number}", 1)[0] for number in range(4)]
        self.assertEqual(self.here(ann), [False, True, True])
        self.assertEqual(self.here(others), [True] * 4)

    def test_keeps_nothing(self):
        """Of tickets that were used or are over nothing is left, nor of who had them."""
        used, over = self.issue("ann", 1) + self.issue("bob", 1)
        self.tickets.take(used)
        self.clock.advance(SECONDS)
        self.tickets.look(over)
        self.assertEqual((self.tickets._waiting, self.tickets._owners), ({}, {}))
