"""Lines that an app may write."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.log_budget import LogBudget


class LogBudgetTests(SynchronousTestCase):
    def test_minute(self):
        """So many lines, then none until the minute is over."""
        clock = Clock()
        budget = LogBudget(clock, 2)
        self.assertEqual([budget.take() for _ in range(4)], [True, True, False, False])
        clock.advance(60)
        self.assertTrue(budget.take())

    def test_told_once(self):
        """The first line refused in a minute can be told from the next ones."""
        budget = LogBudget(Clock(), 1)
        ended = []
        for _ in range(4):
            budget.take()
            ended.append(budget.has_just_ended)
        self.assertEqual(ended, [False, True, False, False])
