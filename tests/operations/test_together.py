"""Tests for ``clace.operations.together``."""

from functools import partial

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.operations.together import together


class TogetherTests(SynchronousTestCase):
    def setUp(self):
        self.under_way = {}

    def begin(self, count, most=2):
        works = (partial(self.work, number) for number in range(count))
        return Deferred.fromCoroutine(together(works, most))

    async def work(self, number):
        waiting = self.under_way[number] = Deferred()
        return await waiting

    def end(self, number, result):
        self.under_way.pop(number).callback(result)

    def test_order(self):
        """Results come in the order of the works, in whatever order these end."""
        done = self.begin(3)
        for number in (1, 2, 0):
            self.end(number, f"result {number}")
        self.assertEqual(self.successResultOf(done), ["result 0", "result 1", "result 2"])

    def test_at_most_two(self):
        """The next is begun when one of two has ended."""
        self.begin(4)
        self.assertEqual(set(self.under_way), {0, 1})
        self.end(1, None)
        self.assertEqual(set(self.under_way), {0, 2})

    def test_none(self):
        """Nothing to do is done at once."""
        self.assertEqual(self.successResultOf(self.begin(0)), [])

    def test_failure(self):
        """After a failure none is begun; what is under way ends before it is told."""
        done = self.begin(4)
        self.under_way.pop(1).errback(ValueError("one"))
        self.assertNoResult(done)
        self.assertEqual(set(self.under_way), {0})
        self.end(0, None)
        self.assertEqual(self.failureResultOf(done, ValueError).getErrorMessage(), "one")
        self.assertEqual(self.under_way, {})

    def test_first_failure(self):
        """Of two failures the first in order is told, though it came later."""
        done = self.begin(4)
        self.under_way.pop(1).errback(ValueError("one"))
        self.assertNoResult(done)
        self.assertEqual(set(self.under_way), {0})
        self.under_way.pop(0).errback(ValueError("zero"))
        self.assertEqual(self.failureResultOf(done, ValueError).getErrorMessage(), "zero")
