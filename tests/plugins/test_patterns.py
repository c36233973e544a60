"""Literal and pattern texts of permissions."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.gate.patterns import MAX_SUBJECT, PREFIX, malformed, matches


class MatchesTests(SynchronousTestCase):
    @given(st.text(), st.text())
    def test_literal(self, expected, value):
        """A literal matches itself and nothing else."""
        if not expected.startswith(PREFIX):
            self.assertEqual(matches(expected, value), expected == value)

    @given(st.text(max_size=20))
    def test_any_text(self, pattern):
        """Whatever stands behind ``regex:``, matching ends and never raises."""
        self.assertIn(matches(PREFIX + pattern, "value"), {True, False})

    def test_anchored(self):
        """A pattern is about the whole value, not about a part of it."""
        pattern = "regex:https://api\\.x/.*"
        self.assertTrue(matches(pattern, "https://api.x/a"))
        self.assertFalse(matches(pattern, "https://evil.test/?https://api.x/a"))
        self.assertFalse(matches("regex:a|b", "ab"))

    def test_newline(self):
        """A line break is not smuggled past a dot or the end of a pattern."""
        self.assertFalse(matches("regex:/srv/.*", "/srv/a\n/etc"))
        self.assertFalse(matches("regex:ls$", "ls\n"))

    def test_invalid(self):
        """A pattern that is none matches nothing, not even itself."""
        self.assertFalse(matches("regex:(", "("))
        self.assertFalse(matches("regex:(", "regex:("))

    def test_malformed(self):
        """What is wrong with a pattern is told, of other texts nothing."""
        for text, why in (
            ("regex:(", "missing ): ("),
            ("regex:a**", "bad repetition operator: **"),
            ("regex:\ud800", "it is not UTF-8"),
            ("regex:a+", ""),
            ("(", ""),
            ("longer (", ""),
        ):
            self.assertEqual(malformed(text), why)

    def test_hostile_value(self):
        """A value made for a pattern with nested repeats costs no more than any other."""
        self.assertFalse(matches("regex:(a|aa|a+)*b", "a" * 60_000))

    def test_long_value(self):
        """A value too long to look at does not match."""
        self.assertTrue(matches("regex:a*", "a" * MAX_SUBJECT))
        self.assertFalse(matches("regex:a*", "a" * (MAX_SUBJECT + 1)))

    def test_surrogate(self):
        """A text that is not Unicode does not match a pattern."""
        self.assertFalse(matches("regex:.*", "\ud800"))
