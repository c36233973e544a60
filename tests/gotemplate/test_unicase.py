"""Tests for ``clace.gotemplate.go.unicase``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.go.unicase import lower, title_each, trim_space, upper


class CaseTests(SynchronousTestCase):
    def test_no_character_becomes_two(self):
        """Letters without a single counterpart stay."""
        self.assertEqual(upper("stra\u00dfe \ufb01"), "STRA\u00dfE \ufb01")
        self.assertEqual(lower("\u0130I"), "ii")

    def test_words(self):
        """The first letter after anything that is no letter, digit or underscore."""
        self.assertEqual(title_each("a_b c-d 1e 'f"), "A_b C-D 1e 'F")

    def test_space(self):
        """All of Unicode's spaces are trimmed, and nothing else."""
        self.assertEqual(trim_space("\u2003\x85 a\u200b "), "a\u200b")
