from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.shielding import shielded


class ShieldedTests(SynchronousTestCase):
    def test_hands_over_results(self):
        """Who waits gets what the work gave."""
        work = Deferred()
        waiter = shielded(work)
        self.assertNoResult(waiter)
        work.callback("done")
        self.assertEqual(self.successResultOf(waiter), "done")

    def test_hands_over_failures(self):
        """A failure is the waiter's to handle, and is not logged as well."""
        work = Deferred()
        waiter = shielded(work)
        work.errback(ValueError("no"))
        self.failureResultOf(waiter, ValueError)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_work_outlives_its_caller(self):
        """To stop waiting does not stop the work."""
        work = Deferred()
        waiter = shielded(work)
        waiter.cancel()
        self.failureResultOf(waiter, CancelledError)
        self.assertNoResult(work)
        work.callback("done")

    def test_late_failures_are_logged(self):
        """What fails when nobody waits any more is in the log."""
        work = Deferred()
        waiter = shielded(work)
        waiter.cancel()
        self.failureResultOf(waiter, CancelledError)
        work.errback(ValueError("no"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
