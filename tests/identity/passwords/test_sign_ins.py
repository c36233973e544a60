"""Tests for ``passwords.sign_ins``: who may try, in which order, and what is told of it."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import LockedOut, NotAuthenticated
from clace.identity.passwords import SignIns
from clace.identity.passwords.lockout import LIMIT, Lockout
from clace.identity.passwords.sign_ins import REFUSED, Attempt
from clace.identity.passwords.turns import Turns
from tests.identity.passwords.support import Told

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


class SignInsTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.told = Told()
        self.lockout = Lockout(self.clock, capacity=1)
        turns = Turns(self.clock, workers=1)
        self.sign_ins = SignIns(self.clock, self.told, lockout=self.lockout, turns=turns)
        self.checking = []

    def attempt(self, user="ann", address=HERE, *, known=True, place=""):
        return Attempt(
            address=address, user=user, known=known, digest=user.encode(), by="test", place=place
        )

    def begin(self, attempt):
        """A try whose check ends when the test says so, by ``self.checking``."""

        def verify():
            outcome = Deferred()
            self.checking.append((attempt.user, outcome))
            return outcome

        return Deferred.fromCoroutine(self.sign_ins.attempt(attempt, verify))

    def finish(self, right):
        user, outcome = self.checking.pop(0)
        outcome.callback(right)
        return user

    def wrong(self, attempt):
        """The refusal of a wrong try."""
        trying = self.begin(attempt)
        self.finish(right=False)
        return self.failureResultOf(trying, NotAuthenticated).value

    def test_locked_names_wait_for_nothing(self):
        """A name that is locked is told so at once, also while the same proof is being checked."""
        proving = self.begin(self.attempt())
        for _ in range(LIMIT):
            self.lockout.count(HERE, "ann", known=True)
        self.failureResultOf(self.begin(self.attempt()), LockedOut)
        self.finish(right=True)
        self.successResultOf(proving)

    def test_known_names_go_first(self):
        """Who has signed in from a network does not wait for the strangers there."""
        self.lockout.forgive(HERE, "ann")
        tries = [self.begin(self.attempt(user)) for user in ("bob", "cid", "dan", "ann")]
        self.assertEqual([self.finish(right=True) for _ in tries], ["bob", "ann", "cid", "dan"])

    def test_tries_of_known_names_stay(self):
        """Invented names push out invented ones, and never those that exist."""
        for user, known in (("ann", True), ("x", False), ("y", False), ("z", False)):
            self.wrong(self.attempt(user, known=known))
        kept = self.lockout.clear_lockouts("", "ann", dry_run=True).cleared
        self.assertEqual(kept, 1)

    def test_counts_for_a_place(self):
        """Tries are counted for the place that an attempt is from, which may be no address."""
        self.assertEqual(self.attempt().network, HERE)
        self.assertEqual(self.attempt(place="device").network, "device")
        for _ in range(LIMIT):
            self.wrong(self.attempt(place="device"))
        self.failureResultOf(self.begin(self.attempt(address=ELSEWHERE, place="device")), LockedOut)
        self.begin(self.attempt())
        self.assertEqual(self.finish(right=True), "ann")

    def test_right_and_not_enough(self):
        """A right proof that is not enough is refused and recorded, and a wrong form only that."""
        error = self.sign_ins.refuse(self.attempt(), "is disabled", "Ask somebody.")
        self.assertEqual(error.message, "Ask somebody.")
        self.assertEqual(self.sign_ins.refuse(self.attempt(), "is disabled").message, REFUSED)
        self.assertEqual(
            [(detail, user) for _, user, _, detail in self.told.events],
            [("by test: is disabled", "ann")] * 2,
        )
        unchecked = self.sign_ins.refuse_unchecked(self.attempt(), "no password can be like this")
        self.assertEqual(unchecked.message, REFUSED)

    def test_says_no_more_than_that_it_is_refused(self):
        """A wrong password and an unknown name are refused in the same words."""
        for known in (True, False):
            refused = self.wrong(self.attempt(known=known))
            reason = "wrong password" if known else "unknown name"
            self.assertEqual(refused.message, REFUSED)
            self.assertEqual(self.told.events[-1][3], f"by test: {reason}")
