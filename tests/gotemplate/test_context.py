"""Tests for ``clace.gotemplate.escaping.context``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.escaping.context import (
    DEAD,
    START,
    Context,
    Place,
    Slash,
    State,
    URLPart,
    join,
)
from clace.gotemplate.language import nodes

PLACE = Place(nodes.Tree("t", "t", "", nodes.Body(0)), nodes.Body(0))


class JoinTests(SynchronousTestCase):
    def test_equal_contexts_join(self):
        """Two branches that end alike go on alike; one that never ends does not count."""
        self.assertEqual(join(START, START, "if", PLACE), START)
        self.assertEqual(join(DEAD, START, "if", PLACE), START)

    def test_small_differences_are_unknown(self):
        """Contexts that differ only in the URL's part or the slash's meaning join as unknown."""
        url = Context(State.URL, url_part=URLPart.QUERY)
        joined = join(url, url._replace(url_part=URLPart.NONE), "if", PLACE)
        self.assertEqual(joined.url_part, URLPart.UNKNOWN)
        script = Context(State.JS)
        joined = join(script, script._replace(slash=Slash.DIVISION), "if", PLACE)
        self.assertEqual(joined.slash, Slash.UNKNOWN)

    def test_large_differences_are_errors(self):
        """Text on one branch and a script on the other is an error at the branch."""
        joined = join(START, Context(State.JS), "if", PLACE)
        self.assertEqual(joined.error.place, PLACE)

    def test_names(self):
        """A template in plain text keeps its name, elsewhere it carries the context."""
        self.assertEqual(START.mangle("t"), "t")
        self.assertEqual(Context(State.JS).mangle("t"), "t$htmltemplate_stateJS")
