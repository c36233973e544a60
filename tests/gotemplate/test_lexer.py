"""Tests for ``clace.gotemplate.language.lexer``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.language.lexer import tokens


class TokenTests(SynchronousTestCase):
    def kinds(self, source):
        return [token.kind for token in tokens(source)]

    def test_trim_markers(self):
        """A marker takes the space of the text beside it."""
        texts = [token.text for token in tokens("a \n {{- 1 -}} \n b") if token.kind == "text"]
        self.assertEqual(texts, ["a", "b"])

    def test_fields_and_variables(self):
        """Dots end names, and a dot before a digit starts a number."""
        self.assertEqual(
            self.kinds("{{.a.b $x .5}}"),
            ["{{", "field", "field", "space", "variable", "space", "number", "}}", "eof"],
        )

    def test_lines_are_counted(self):
        """A token knows its line."""
        self.assertEqual(tokens("a\n\n{{\n.x}}")[2].line, 3)

    @given(st.text("{}-/*\"'`.$x1 \n()|:=é,"))
    def test_any_text_ends(self, source):
        """Whatever the text, the last token is its end or what is wrong."""
        self.assertIn(self.kinds(source)[-1], ("eof", "error"))
