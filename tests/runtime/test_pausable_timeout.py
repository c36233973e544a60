"""How long a host may still take."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.hosts.pausable_timeout import PausableTimeout


class PausableTimeoutTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.late = Clock(), []
        self.timeout = PausableTimeout(
            self.clock, 10, lambda: self.late.append(self.clock.seconds())
        )

    def test_ends(self):
        """When the time is used up somebody is told, once."""
        self.timeout.start()
        self.timeout.start()
        self.clock.advance(9.9)
        self.assertEqual(self.late, [])
        self.clock.advance(0.2)
        self.timeout.start()
        self.clock.advance(100)
        self.assertEqual(len(self.late), 1)

    def test_stands_still(self):
        """Time between a stop and the next start does not count."""
        for _ in range(3):
            self.timeout.start()
            self.clock.advance(3)
            self.timeout.stop()
            self.clock.advance(100)
        self.timeout.start()
        self.clock.advance(0.9)
        self.assertEqual(self.late, [])
        self.clock.advance(0.2)
        self.assertEqual(len(self.late), 1)

    def test_more(self):
        """Time can be added, whether it runs or not, up to what there was at first."""
        self.timeout.start()
        self.clock.advance(8)
        self.timeout.add(5)
        self.timeout.stop()
        self.timeout.add(100)
        self.timeout.start()
        self.clock.advance(9.9)
        self.assertEqual(self.late, [])
        self.clock.advance(0.2)
        self.assertEqual(len(self.late), 1)

    def test_leaves_nothing_behind(self):
        """Stopped, it has no timer; that it never was started does not matter."""
        self.timeout.stop()
        self.timeout.start()
        self.timeout.stop()
        self.timeout.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
