"""Tests for ``clace.gotemplate.escaping.insertion``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.escaping.insertion import PREFIX, insert
from clace.gotemplate.language.parser import parse


def inserted(source, *names):
    """The commands of an action with escapers put in."""
    action = parse("t", source, {"html", "urlquery", "print"})["t"].root.nodes[0]
    return " | ".join(map(str, insert(action.pipe, [PREFIX + name for name in names])))


class InsertionTests(SynchronousTestCase):
    def test_appends(self):
        """Escapers come last."""
        self.assertEqual(inserted("{{.x}}", "htmlescaper"), ".x | _html_template_htmlescaper")

    def test_merges_predefined(self):
        """A predefined escaper takes the place of its equal."""
        self.assertEqual(inserted("{{.x | html}}", "htmlescaper"), ".x | html")
        self.assertEqual(inserted("{{html 1 2}}", "htmlescaper"), "_eval_args_ 1 2 | html")
        self.assertEqual(
            inserted("{{.x | urlquery}}", "urlfilter", "urlnormalizer"),
            ".x | _html_template_urlfilter | urlquery",
        )

    def test_leaves_out_the_redundant(self):
        """What another escaper already did is not done again."""
        self.assertEqual(
            inserted("{{.x}}", "jsstrescaper", "attrescaper"), ".x | _html_template_jsstrescaper"
        )
