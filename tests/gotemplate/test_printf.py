"""Tests for ``clace.gotemplate.go.printf``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.go.printf import sprintf


def free(_):
    """Room without end."""


class PrintfTests(SynchronousTestCase):
    def test_ordinary_directives(self):
        """Widths, flags and precisions do as they say."""
        self.assertEqual(
            sprintf("%05d|%-5s|%.2f|%q|%x", (42, "ab", 3.14159, "x", 255), free),
            '00042|ab   |3.14|"x"|ff',
        )

    def test_mistakes_are_printed(self):
        """A wrong verb, a missing and an extra argument show in the text."""
        self.assertEqual(sprintf("%d %s", ("a",), free), "%!d(string=a) %!s(MISSING)")
        self.assertEqual(sprintf("x", (1,), free), "x%!(EXTRA int=1)")

    @given(st.text("%+-# 0123456789.*[]vdsqxTgefbcU"), st.lists(st.integers(-9, 9) | st.text()))
    def test_any_pattern_prints(self, pattern, values):
        """No pattern is an error."""
        sprintf(pattern, [value for value in values if value != ""], free)
