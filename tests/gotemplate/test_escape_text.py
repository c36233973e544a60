"""Tests for ``clace.gotemplate.escaping.escape_text``."""

import time

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.escaping.context import START, State
from clace.gotemplate.escaping.escape_text import rewrite


class RewriteTests(SynchronousTestCase):
    def test_comments_go(self):
        """Comments of HTML, CSS and JavaScript are not written."""
        _, text = rewrite(START, "a<!-- x -->b<script>c /* y */ d // z\n</script>")
        self.assertEqual(text, "ab<script>c   d \n</script>")

    def test_stray_angles_are_escaped(self):
        """A bracket that opens no tag is text."""
        self.assertEqual(rewrite(START, "a < b <p>")[1], "a &lt; b <p>")
        self.assertIsNone(rewrite(START, "<!DOCTYPE html><p>")[1])

    def test_script_ends_in_strings_are_defused(self):
        """The end of a script inside one of its strings does not end it."""
        context, text = rewrite(START, "<script>x = '</script>'")
        self.assertEqual(text, "<script>x = '\\x3C/script>'")
        self.assertEqual(context.state, State.JS)

    def test_time_is_linear(self):
        """A long text with many tags takes no longer than its length explains."""
        start = time.process_time()
        rewrite(START, "<p a='b'>x</p>" * 20_000 + "<script>" + "f('x');" * 20_000 + "</script>")
        self.assertLess(time.process_time() - start, 20)
