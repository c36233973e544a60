"""Colours only where they are wanted; nothing that drives a terminal."""

from __future__ import annotations

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.cli.main import clace
from clace.text import one_line, printable


class PrintableTests(SynchronousTestCase):
    def test_keeps_text(self):
        """Letters of all scripts, spaces, tabs and line breaks stay."""
        for text in ("", "Grüße, 世界\t1\n2"):
            self.assertEqual(printable(text), text)

    @given(st.text(st.characters()))
    def test_leaves_nothing_else(self, text):
        """Whatever comes in, what goes out can be printed."""
        kept = printable(text).replace("\n", "").replace("\t", "")
        self.assertTrue(not kept or kept.isprintable())

    @given(st.text(st.characters()))
    def test_one_line(self, text):
        """What is to be one line is one, and can be printed."""
        kept = one_line(text)
        self.assertTrue(not kept or kept.isprintable())


class ColourTests(SynchronousTestCase):
    def error(self, **env):
        runner = CliRunner(env={"NO_COLOR": None, "TERM": "xterm", **env})
        return runner.invoke(clace, ["xyzzy"], color=True).stderr

    def test_colours_errors_on_a_terminal(self):
        """An error is red where colours can be seen."""
        self.assertTrue(self.error().startswith("\x1b[31merror: unknown command"))

    def test_has_no_colours_if_told_so(self):
        """``NO_COLOR`` with any value, or a dumb terminal."""
        for env in ({"NO_COLOR": ""}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertTrue(self.error(**env).startswith("error: "), env)
