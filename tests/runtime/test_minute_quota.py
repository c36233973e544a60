"""What an app may use in a minute."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.minute_quota import MinuteQuota


class MinuteQuotaTests(SynchronousTestCase):
    def test_minute(self):
        """So much, then no more until the minute is over."""
        clock = Clock()
        budget = MinuteQuota(clock, 2)
        self.assertEqual([budget.take() for _ in range(4)], [True, True, False, False])
        clock.advance(20)
        self.assertTrue(budget.is_used_up)
        self.assertEqual(budget.seconds_left, 40)
        clock.advance(40)
        self.assertFalse(budget.is_used_up)
        self.assertTrue(budget.take())

    def test_told_once(self):
        """That it is used up can be told once in a minute."""
        clock = Clock()
        budget = MinuteQuota(clock, 1)
        told = []
        for _ in range(4):
            budget.take()
            told.append(budget.ends_now())
        self.assertEqual(told, [False, True, False, False])
        clock.advance(60)
        budget.take(2)
        self.assertTrue(budget.ends_now())

    def test_parts(self):
        """What is taken need not be whole."""
        budget = MinuteQuota(Clock(), 1)
        self.assertEqual([budget.take(0.5) for _ in range(3)], [True, True, False])

    def test_another_amount(self):
        """What is allowed can change; what was used stays used."""
        budget = MinuteQuota(Clock(), 1)
        budget.take(2)
        budget.amount = 3
        self.assertFalse(budget.is_used_up)
        self.assertFalse(budget.take(2))
