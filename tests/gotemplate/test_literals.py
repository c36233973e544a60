"""Tests for ``clace.gotemplate.language.literals``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.language.literals import parse_float, parse_integer, quote, unquote


class LiteralTests(SynchronousTestCase):
    @given(st.text(st.characters(exclude_categories=("Cs",))))
    def test_quoting_reads_back(self, text):
        """What was quoted is unquoted, with and without characters beyond ASCII."""
        self.assertEqual(unquote(quote(text)), text)
        self.assertEqual(unquote(quote(text, ascii_only=True)), text)

    def test_bad_literals(self):
        """What Go does not take as a string is no string."""
        for literal in ('"', '"a', r'"\q"', r'"\x4"', '"\n"', "``x`", r'"\ud800"', ""):
            with self.assertRaises(ValueError, msg=literal):
                unquote(literal)

    def test_numbers(self):
        """Go's bases and separators."""
        self.assertEqual(
            [parse_integer(text) for text in ("0x_1f", "017", "0b11", "1_0", "1__0")],
            [31, 15, 3, 10, None],
        )
        self.assertEqual(
            [parse_float(text) for text in ("1_0.5", ".5", "0x1p4", "1e999", "x")],
            [10.5, 0.5, 16.0, None, None],
        )
