"""Ratios of interleaved rounds, and how they are told."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from benchmarks.ratios import Compared, Sample, lines, middle, ratio

FIGURES = st.lists(st.tuples(st.floats(0.1, 1e6), st.floats(0.1, 1e6)), min_size=1, max_size=9)


class RatioTests(SynchronousTestCase):
    def test_divides_round_by_round(self):
        """A round in which the machine was busy changes neither side's ratio."""
        found = ratio([10, 100, 12], [20, 200, 20])
        self.assertEqual(found, (0.5, 0.5, 0.6))

    def test_nothing_on_the_other_side(self):
        """A figure of nothing is no division by zero, but tells itself."""
        self.assertEqual(ratio([1], [0]).middle, float("inf"))

    @given(FIGURES)
    def test_median_is_within_its_spread(self, rounds):
        """The least and the most are those of the rounds, with the median between."""
        found = ratio(*zip(*rounds, strict=True))
        self.assertLessEqual(found.least, found.middle)
        self.assertLessEqual(found.middle, found.most)


class TellingTests(SynchronousTestCase):
    def test_median_of_each_figure(self):
        """Each column is the median of its own, whichever round it comes from."""
        samples = [Sample(1, 9, 5, 3), Sample(2, 8, 7, 1), Sample(3, 7, 6, 2)]
        self.assertEqual(middle(samples), Sample(2, 8, 6, 2))

    def test_both_servers_and_the_ratios(self):
        """A row shows the figures of both, and ours divided by the peer's."""
        compared = Compared([Sample(100, 1, 2, 30)] * 5, [Sample(200, 1, 2, 60)] * 5)
        ours, peers = lines("page", compared)
        self.assertIn("page", ours)
        self.assertIn("0.50 (0.50-0.50)", ours)
        self.assertIn("200.0", peers)
