"""Tests for ``clace.gotemplate.regex``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.faults import CallFault
from clace.gotemplate.regex import Regex


def free(_):
    """Steps that cost nothing."""


class RegexTests(SynchronousTestCase):
    def find(self, pattern, text):
        found = Regex(pattern).search(text, 0, free)
        return None if found is None else text[found[0] : found[1]]

    def test_leftmost_first(self):
        """Of several matches at one place the first alternative wins."""
        self.assertEqual(self.find("a|ab", "xab"), "a")
        self.assertEqual(self.find("a+?b*", "aabb"), "a")

    def test_no_pattern_runs_wild(self):
        """The steps of a match grow with the text, whatever the pattern."""
        steps = []
        self.assertIsNone(Regex("(a+)+$").search("a" * 2000 + "!", 0, steps.append))
        self.assertLess(sum(steps), 20_000)

    def test_expands_groups(self):
        """Replacements name groups by number and by name."""
        regex = Regex("(?P<first>a)(b)?")
        found = regex.search("a", 0, free)
        self.assertEqual(regex.expand("$first-${2}-$$-$0", "a", found), "a--$-a")

    def test_refuses_large_programs(self):
        """Repeats of repeats do not fill the memory."""
        for pattern in ("(a{500}){500}", "((a{100}){10}){2}", "(" * 300 + ")" * 300):
            with self.assertRaises(CallFault):
                Regex(pattern)

    @given(st.text("ab*+?()[]{}|^$.\\\\-1,:=<P>Qdw"), st.text("ab1"))
    def test_any_pattern_matches_or_is_refused(self, pattern, text):
        """A pattern is a program or an error; matching it ends."""
        try:
            regex = Regex(pattern)
        except CallFault:
            return
        for found in regex.matches(text, free):
            self.assertLessEqual(found[0], found[1])
