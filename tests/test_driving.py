"""Coroutines run to their end without a Deferred of their own."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from clace.driving import drive


class DriveTests(SynchronousTestCase):
    def setUp(self):
        self.got, self.failures = [], []

    def drive(self, *awaited, catch=()):
        async def work():
            for one in awaited:
                try:
                    self.got.append(await one)
                except catch as error:
                    self.got.append(error)
            self.got.append("end")

        drive(work(), self.failures.append)

    def test_runs_at_once(self):
        """Work that waits for nothing is done when it was begun."""
        self.drive(succeed(1), succeed(2))
        self.assertEqual(self.got, [1, 2, "end"])

    def test_waits(self):
        """Work goes on when what it waits for is there, each time."""
        first, second = Deferred(), Deferred()
        self.drive(first, succeed("between"), second)
        self.assertEqual(self.got, [])
        first.callback(1)
        self.assertEqual(self.got, [1, "between"])
        second.callback(2)
        self.assertEqual((self.got, self.failures), ([1, "between", 2, "end"], []))

    def test_waits_for_what_waits(self):
        """A result that is itself waited for is not taken for one."""
        outer, inner = Deferred(), Deferred()
        outer.addCallback(lambda _: inner)
        outer.callback(None)
        self.drive(outer)
        self.assertEqual(self.got, [])
        inner.callback(1)
        self.assertEqual(self.got, [1, "end"])

    def test_handles_failures(self):
        """What fails is raised where it is waited for, and may be handled there."""
        later, error = Deferred(), ValueError("later")
        self.drive(fail(ValueError("now")), later, catch=ValueError)
        later.errback(error)
        self.assertEqual((self.got[1:], self.failures), ([error, "end"], []))

    def test_tells_of_failures(self):
        """What the work raises is told once, whether it waited before or not."""
        later = Deferred()
        self.drive(fail(ValueError("now")))
        self.drive(later)
        later.errback(KeyError("later"))
        self.assertEqual([one.type for one in self.failures], [ValueError, KeyError])
        self.assertEqual(self.got, [])

    def test_long_work(self):
        """Any number of results one after the other is no depth of the stack."""
        self.drive(*(succeed(None) for _ in range(10_000)))
        self.assertEqual(len(self.got), 10_001)

    def test_leaves_nothing_behind(self):
        """Whoever fires what was waited for has no failure of it to handle."""
        later = Deferred()
        self.drive(later)
        later.errback(ValueError("handled"))
        self.assertIsNone(self.successResultOf(later))
