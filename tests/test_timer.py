"""The deadline of a connection."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.timer import RestartableTimer


class TimerTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.late = Clock(), []
        self.timer = RestartableTimer(self.clock, lambda: self.late.append(self.clock.seconds()))

    def test_late(self):
        """When the time is up somebody is told, once."""
        self.timer.set(10)
        self.clock.advance(9.9)
        self.assertEqual(self.late, [])
        self.clock.advance(0.1)
        self.clock.advance(100)
        self.assertEqual(self.late, [10])

    def test_later(self):
        """A time that was moved on is up when it says, not before and not after."""
        for _ in range(5):
            self.timer.set(10)
            self.clock.advance(6)
        self.assertEqual(self.late, [])
        self.clock.advance(4)
        self.assertEqual(self.late, [34])

    def test_earlier(self):
        """So is one that was moved forward."""
        self.timer.set(100)
        self.timer.set(1)
        self.clock.advance(1)
        self.assertEqual(self.late, [1])

    def test_none(self):
        """Without a time nobody is ever late; with a new one they are."""
        self.timer.set(10)
        self.timer.set(None)
        self.clock.advance(20)
        self.assertEqual((self.late, self.clock.getDelayedCalls()), ([], []))
        self.timer.set(5)
        self.clock.advance(5)
        self.assertEqual(self.late, [25])

    def test_none_for_a_while(self):
        """A time counts from when it was set, whatever was there before it."""
        self.timer.set(10)
        self.timer.set(None)
        self.clock.advance(8)
        self.timer.set(10)
        self.clock.advance(9)
        self.assertEqual(self.late, [])
        self.clock.advance(1)
        self.assertEqual(self.late, [18])

    def test_set_when_late(self):
        """Who is told may set a new time at once."""
        self.timer = RestartableTimer(self.clock, lambda: (self.late.append(1), self.timer.set(2)))
        self.timer.set(1)
        self.clock.pump([1, 1, 1, 1])
        self.assertEqual(len(self.late), 2)

    def test_cancelled(self):
        """Nothing is left of a timer that is over."""
        self.timer.set(10)
        self.timer.cancel()
        self.timer.cancel()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cheap(self):
        """A time that is only ever moved on costs one call in all that while."""
        made = []
        later = self.clock.callLater
        self.clock.callLater = lambda *called: made.append(later(*called)) or made[-1]
        for _ in range(100):
            self.timer.set(40)
            self.timer.set(None)
        self.assertEqual(len(made), 1)
