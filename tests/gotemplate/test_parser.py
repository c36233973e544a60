"""Tests for ``clace.gotemplate.language.parser``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import TemplateError
from clace.gotemplate.language.parser import parse

FUNCTIONS = {"len", "printf"}
PIECES = (
    *("{{", "}}", "if ", "range ", "end", "else", "define ", '"x"', ".a", "$x", ":=", "|", "len "),
    *("(", ")", " ", "break", "template ", "block ", "with ", "1", ",", "{{end}}", "nil", "- "),
)
pieces = st.lists(st.sampled_from(PIECES))


class ParserTests(SynchronousTestCase):
    def refused(self, source):
        with self.assertRaises(TemplateError) as caught:
            parse("t", source, FUNCTIONS)
        return str(caught.exception)

    def test_prints_back(self):
        """A tree prints as the text it came from, spaces aside."""
        source = '{{range $i, $e := .l}}{{printf "%d" $i | len}}{{else}}{{(.a).b}}{{end}}'
        self.assertEqual(str(parse("t", source, FUNCTIONS)["t"].root), source)

    def test_definitions_are_trees(self):
        """Each define and block is a tree of its own."""
        trees = parse("t", '{{define "a"}}1{{end}}{{block "b" .}}2{{end}}', FUNCTIONS)
        self.assertEqual(set(trees), {"t", "a", "b"})

    def test_refuses_deep_nesting(self):
        """Nesting that would break the compiler is refused in good time."""
        self.assertIn("depth exceeded", self.refused("{{" + "(" * 5000 + "1" + ")" * 5000 + "}}"))
        self.assertIn("too deeply", self.refused("{{if 1}}" * 5000))

    @given(pieces)
    def test_any_text_parses_or_is_refused(self, parts):
        """No sequence of tokens is anything but a tree or a located error."""
        try:
            parse("t", "{{" + "".join(parts), FUNCTIONS)
        except TemplateError as error:
            self.assertTrue(str(error).startswith("template: t:"))
