"""Tests for ``clace.gotemplate.codegen``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import compile_templates


def code(source):
    """The Python of one file."""
    return compile_templates({"t": source}).sources()[""]


class CodeTests(SynchronousTestCase):
    def test_escapers_are_chosen_at_compile_time(self):
        """The code of an action names the escapers of its context and no others."""
        text = code('<a href="{{.x}}">')
        for name in ("url_filter", "url_normalize", "html_attribute"):
            self.assertIn(name, text)
        self.assertNotIn("js_value", text)

    def test_neighbours_are_written_together(self):
        """A run of text and values is one string."""
        self.assertEqual(code("<p>{{.a}}-{{.b}}</p>").count("out("), 1)

    def test_long_pages_are_compact(self):
        """Many actions outside loops compile to short code, those in loops to fast code."""
        text = code("{{.a}}" * 50 + "{{range .l}}{{.b}}{{end}}")
        self.assertIn("get(dot, 'a', False)", text)
        self.assertIn("['b']", text)

    def test_hostile_text_stays_text(self):
        """Nothing a template says becomes code."""
        quotes = "'" * 3 + chr(92) + '"'
        source = quotes + "{}{{1}}; import os # {{.x}}{{`" + quotes + "`}}" + chr(10) + quotes
        templates = compile_templates({quotes: source})
        self.assertIn("import os", templates.render(quotes, {}))
