"""Tests for ``clace.gotemplate.go.comparison``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.comparison import equal, less
from clace.gotemplate.go.values import HTML, NOVALUE, Int64


class ComparisonTests(SynchronousTestCase):
    def test_within_a_kind(self):
        """Integers of any size and strings of any kind compare."""
        self.assertTrue(equal(1, Int64(1)))
        self.assertTrue(equal(HTML("a"), "a"))
        self.assertTrue(less("a", "b"))

    def test_across_kinds(self):
        """An integer is never a float, a string or a truth value."""
        for first, second in ((1, 1.0), (1, "1"), (1, True), (1, [1])):
            with self.assertRaises(CallFault):
                equal(first, second)
            with self.assertRaises(CallFault):
                less(first, second)

    def test_nil(self):
        """Nil equals nil and nothing else, without complaint."""
        self.assertTrue(equal(None, NOVALUE))
        self.assertFalse(equal(None, 1))
        self.assertFalse(equal([], None))
