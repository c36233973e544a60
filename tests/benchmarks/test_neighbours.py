"""Bad neighbours: what they do meanwhile, and how the row is told."""

import threading

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.neighbours import busy, line


class LineTests(SynchronousTestCase):
    def test_within(self):
        """A row within the bound shows both medians and the ratio."""
        told = line("burns", [10.0, 10.0, 10.0], [20.0, 10.0, 30.0])
        self.assertIn("10.00       20.00   2.00 (1.00-3.00)", told)
        self.assertNotIn("over", told)

    def test_over(self):
        """A median over the bound says so."""
        self.assertIn("over 3", line("burns", [10.0], [31.0]))


class BusyTests(SynchronousTestCase):
    def test_acts_meanwhile(self):
        """Each neighbour acts until the end, and none after it."""
        acted = threading.Event()
        before = threading.active_count()
        with busy([acted.set]):
            self.assertTrue(acted.wait(30))
        self.assertEqual(threading.active_count(), before)

    def test_a_neighbour_that_fails(self):
        """A neighbour that cannot act makes the run fail: it disturbed nobody."""

        def fail():
            raise RuntimeError("refused")

        def run():
            with busy([fail]):
                pass

        self.assertRaises(RuntimeError, run)
