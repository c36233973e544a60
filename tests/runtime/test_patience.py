"""How long a host may still take."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.hosts.patience import Patience


class PatienceTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.late = Clock(), []
        self.patience = Patience(self.clock, 10, lambda: self.late.append(self.clock.seconds()))

    def test_ends(self):
        """When the time is used up somebody is told, once."""
        self.patience.start()
        self.patience.start()
        self.clock.advance(9.9)
        self.assertEqual(self.late, [])
        self.clock.advance(0.2)
        self.patience.start()
        self.clock.advance(100)
        self.assertEqual(len(self.late), 1)

    def test_stands_still(self):
        """Time between a stop and the next start does not count."""
        for _ in range(3):
            self.patience.start()
            self.clock.advance(3)
            self.patience.stop()
            self.clock.advance(100)
        self.patience.start()
        self.clock.advance(0.9)
        self.assertEqual(self.late, [])
        self.clock.advance(0.2)
        self.assertEqual(len(self.late), 1)

    def test_more(self):
        """Time can be added, whether it runs or not, up to what there was at first."""
        self.patience.start()
        self.clock.advance(8)
        self.patience.add(5)
        self.patience.stop()
        self.patience.add(100)
        self.patience.start()
        self.clock.advance(9.9)
        self.assertEqual(self.late, [])
        self.clock.advance(0.2)
        self.assertEqual(len(self.late), 1)

    def test_leaves_nothing_behind(self):
        """Stopped, it has no timer; that it never was started does not matter."""
        self.patience.stop()
        self.patience.start()
        self.patience.stop()
        self.patience.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
