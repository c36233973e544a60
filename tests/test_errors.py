"""Tests for ``clace.errors``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BY_CODE, ClaceError


def family(kind):
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


class FamilyTests(SynchronousTestCase):
    def test_codes_are_stable_names(self):
        """Every refusal has a code of its own that scripts can depend on."""
        ours = [kind for kind in family(ClaceError) if kind.__module__ == "clace.errors"]
        codes = [kind.code for kind in ours]
        self.assertEqual(len(codes), len(set(codes)))
        self.assertEqual({BY_CODE[code] for code in codes}, set(ours))

    def test_message_is_never_empty(self):
        """A refusal without a text still says what it is."""
        for kind in BY_CODE.values():
            self.assertTrue(kind("").message or kind.code)
            self.assertEqual(kind("why").message, "why")
