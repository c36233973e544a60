"""Tests for ``clace.gotemplate.language.functions``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.language.functions import REFUSED, standard_functions

BUILTIN = "and or not eq ne lt le gt ge len index slice print printf println html js urlquery call"
SERVER = "pathEscape pathUnescape queryEscape queryUnescape safeHTML relTime"


class FunctionTests(SynchronousTestCase):
    def test_all_are_there(self):
        """Go's own, sprig's and the server's functions can be named; refused ones cannot."""
        names = set(standard_functions())
        self.assertLessEqual({*BUILTIN.split(), *SERVER.split()}, names)
        self.assertEqual(names & set(REFUSED), set())
        self.assertGreater(len(names), 200)

    def test_every_refusal_has_a_reason(self):
        """A refused name says why."""
        self.assertTrue(all(REFUSED.values()))
