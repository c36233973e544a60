"""Tests for ``clace.gotemplate.escaping.escape``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import TemplateError
from clace.gotemplate.escaping.escape import escape_entry
from clace.gotemplate.language.parser import parse


class EscapeTests(SynchronousTestCase):
    def plans(self, source):
        return escape_entry(parse("t", source, {"html"}), "t")

    def test_templates_are_derived_by_context(self):
        """A template called in two contexts has two plans."""
        plans = self.plans('{{define "x"}}{{.}}{{end}}{{template "x"}}<p a="{{template "x"}}">')
        self.assertEqual(sorted(plans), ["t", "x", "x$htmltemplate_stateAttr_delimDoubleQuote"])

    def test_recursion_needs_a_stable_context(self):
        """A template that calls itself must end where it starts."""
        with self.assertRaises(TemplateError) as caught:
            self.plans(
                '{{define "x"}}{{if .}}{{template "x"}}{{end}}"{{end}}<p a="{{template "x"}}'
            )
        self.assertIn("cannot compute output context", str(caught.exception))

    def test_loops_in_loops_end(self):
        """Loops inside one another are escaped a bounded number of times."""
        with self.assertRaises(TemplateError) as caught:
            self.plans("{{range .}}" * 30 + "{{end}}" * 30)
        self.assertIn("too complex", str(caught.exception))
