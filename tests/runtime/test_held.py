"""Tests for ``clace.runtime.hosts.held``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBusy
from clace.runtime.hosts.bodies import LARGEST_PIECE, AnswerBody
from clace.runtime.hosts.held import HeldAnswers

LIMIT = 10 * LARGEST_PIECE


class Holder:
    """Keeps what it is told to."""

    dropped = False

    def drop(self):
        self.dropped = True


class HeldTests(SynchronousTestCase):
    def test_the_slowest_goes(self):
        """When it is too much, the one whose client took nothing for longest is dropped."""
        held, one, two, three = HeldAnswers(10), Holder(), Holder(), Holder()
        held.hold(one, 4)
        held.hold(two, 4)
        held.taken(one, 1)
        held.hold(three, 3)
        self.assertEqual([each.dropped for each in (one, two, three)], [False, False, False])
        held.hold(three, 1)
        self.assertEqual([each.dropped for each in (one, two, three)], [False, True, False])

    def test_empty(self):
        """A stream between two pieces keeps nothing, and makes no room for others by ending."""
        held, idle, slow, new = HeldAnswers(10), Holder(), Holder(), Holder()
        held.hold(idle, 1)
        held.taken(idle, 1)
        held.hold(slow, 8)
        held.hold(new, 8)
        self.assertEqual([each.dropped for each in (idle, slow, new)], [False, True, False])

    def test_not_begun(self):
        """Neither does one of which nothing has come yet."""
        held, idle, slow, new = HeldAnswers(10), Holder(), Holder(), Holder()
        held.hold(idle, 0)
        held.hold(slow, 8)
        held.hold(new, 8)
        self.assertEqual([each.dropped for each in (idle, slow, new)], [False, True, False])

    def test_forgotten(self):
        """What is not kept any more does not count."""
        held, one, two = HeldAnswers(10), Holder(), Holder()
        held.hold(one, 10)
        held.forget(one)
        held.forget(one)
        held.hold(two, 10)
        self.assertFalse(one.dropped or two.dropped)

    @given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3 * LARGEST_PIECE))))
    def test_bounded(self, answers):
        """However bodies are fed and taken, those that are kept are within the limit."""
        held = HeldAnswers(LIMIT)
        bodies = []
        for takes, size in answers:
            body = AnswerBody.whole(bytes(size))
            body.count_in(held)
            bodies.append(body)
            for taker in bodies[:takes]:
                Deferred.fromCoroutine(anext(taker)).addErrback(lambda _: None)
            kept = [one for one in bodies if not one.abandoned]
            self.assertLessEqual(sum(one._held for one in kept), LIMIT)


class BodyTests(SynchronousTestCase):
    def read(self, body):
        pieces = []

        async def read():
            pieces.extend([piece async for piece in body])

        return Deferred.fromCoroutine(read()), pieces

    def test_whole(self):
        """A whole body comes in pieces that are not large."""
        content = bytes(range(256)) * 1000
        done, pieces = self.read(AnswerBody.whole(content))
        self.successResultOf(done)
        self.assertEqual(b"".join(pieces), content)
        self.assertLessEqual(max(map(len, pieces)), LARGEST_PIECE)

    def test_dropped(self):
        """A body that was dropped fails for its reader, and makes room."""
        held = HeldAnswers(LIMIT)
        first, second = AnswerBody.whole(bytes(LIMIT)), AnswerBody.whole(bytes(LIMIT))
        first.count_in(held)
        self.successResultOf(Deferred.fromCoroutine(anext(first)))
        second.count_in(held)
        done, _ = self.read(first)
        self.failureResultOf(done, AppBusy)
        done, pieces = self.read(second)
        self.successResultOf(done)
        self.assertEqual(sum(map(len, pieces)), LIMIT)

    def test_left(self):
        """A reader that leaves makes room for others."""
        held = HeldAnswers(LIMIT)
        for _ in range(3):
            body = AnswerBody.whole(bytes(LIMIT))
            body.count_in(held)
            self.successResultOf(Deferred.fromCoroutine(body.aclose()))
        body = AnswerBody.whole(bytes(LIMIT))
        body.count_in(held)
        self.assertFalse(body.abandoned)
