"""Tests for ``clace.gotemplate.escaping.transitions``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.escaping.context import START, State
from clace.gotemplate.escaping.transitions import Cursor, is_js_type, unescape

PIECES = ("<p ", "<script>", "</script>", "<style>", "</style>", "<textarea>", "<!--", "-->", "a=")
PIECES += (
    '"',
    "'",
    "`",
    "/",
    "*",
    "${",
    "}",
    "url(",
    ")",
    "//",
    "\n",
    "<",
    ">",
    "&#39;",
    "\\\\",
    " ",
)


def after(source):
    """The context at the end of a text."""
    cursor, context, place = Cursor(source), START, 0
    while place != len(source):
        context, place = cursor.advance(context, place)
    return context


class TransitionTests(SynchronousTestCase):
    def test_states(self):
        """Where a few texts end."""
        table = {
            "<p>": State.TEXT,
            "<a href='x": State.URL,
            "<script>x = '": State.JS_SQ,
            "<script>x = a / b; y = /": State.JS_REGEXP,
            "<script>`a${b + {": State.JS,
            '<style>a { b: url( "': State.CSS_DQ_URL,
            '<p style="a: b': State.CSS,
            "<script type=text/plain>": State.TEXT,
            "<title>": State.RCDATA,
            '<meta content="0; url=': State.META_CONTENT_URL,
            '<button onclick="f(&quot;': State.JS_DQ,
        }
        self.assertEqual({source: after(source).state for source in table}, table)

    @given(st.lists(st.sampled_from(PIECES)))
    def test_any_text_ends_somewhere(self, parts):
        """The machine reads every text to its end."""
        after("".join(parts))

    def test_entities(self):
        """Named, numbered, unfinished and impossible entities."""
        self.assertEqual(
            unescape("&lt;&ampx&#65;&#x41;&#0;&#150;&nope;&#" + "9" * 99 + ";"),
            "<&xAA\ufffd\u2013&nope;\ufffd",
        )

    def test_script_types(self):
        """JSON and modules are scripts; templates are not."""
        self.assertTrue(is_js_type("Text/JavaScript; charset=utf-8"))
        self.assertTrue(is_js_type("application/json"))
        self.assertFalse(is_js_type("text/template"))
