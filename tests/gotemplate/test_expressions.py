"""Tests for ``clace.gotemplate.language.expressions``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import TemplateError, compile_templates


def rendered(source, data):
    return compile_templates({"t": source}).render("t", data)


class EvaluationTests(SynchronousTestCase):
    def test_order(self):
        """Actions see what earlier ones changed, and not what later ones will."""
        source = '{{.d.a}}{{$_ := set .d "a" 2}}{{.d.a}}'
        self.assertEqual(rendered(source, {"d": {"a": 1}}), "12")

    def test_short_circuits(self):
        """What decides nothing is not evaluated."""
        self.assertEqual(rendered('{{or 1 (fail "x")}}{{and 0 (fail "x")}}', None), "10")

    def test_scopes(self):
        """A declaration ends with its block, an assignment outlives it."""
        source = "{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}"
        self.assertEqual(rendered(source, None), "32")

    def test_undefined_at_run_time(self):
        """A variable whose declaration was skipped is undefined."""
        with self.assertRaises(TemplateError) as caught:
            rendered("{{or 1 ($x := 2)}}{{$x}}", None)
        self.assertIn("undefined variable: $x", str(caught.exception))
