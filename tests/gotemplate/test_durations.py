"""Tests for ``clace.gotemplate.go.durations``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.go.durations import duration_text, parse_duration


class DurationTests(SynchronousTestCase):
    @given(st.integers(-(1 << 62), 1 << 62))
    def test_reads_back(self, span):
        """A duration's text is that duration, up to a nanosecond of floating point."""
        self.assertLessEqual(abs(parse_duration(duration_text(span)) - span), 1)

    def test_units(self):
        """Below a second the units get smaller."""
        self.assertEqual(
            [duration_text(span) for span in (0, 5, 1500, 2_000_000, 90_000_000_000)],
            ["0s", "5ns", "1.5\u00b5s", "2ms", "1m30s"],
        )
