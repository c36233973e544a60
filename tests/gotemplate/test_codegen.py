"""Tests for ``clace.gotemplate.language.codegen``."""

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

    def test_constants_are_escaped_once(self):
        """A text that the template spells out is escaped while it is compiled."""
        text = code('<a href="{{"/a b"}}" title="{{"<"}}">{{"<b>"}}</a>')
        self.assertIn('href="/a%20b" title="&lt;">&lt;b&gt;', text)

    def test_pure_functions_of_constants_are_called_once(self):
        """A function said to be pure is called for constants while the template is compiled."""
        called = []

        def static(name: str) -> str:
            called.append(name)
            return f"/s/{name}"

        source = '<a href="{{static "a"}}">{{static .x}}{{if static "b"}}!{{end}}'
        templates = compile_templates({"t": source}, functions={"static": static}, pure=("static",))
        made = templates.sources()[""]
        del called[:]
        shown = [templates.render("t", {"x": one}) for one in ("c", "d")]
        self.assertEqual(shown, ['<a href="/s/a">/s/c!', '<a href="/s/a">/s/d!'])
        self.assertEqual(called, ["c", "d"])
        self.assertIn('href="/s/a"', made)

    def test_hostile_text_stays_text(self):
        """Nothing a template says becomes code."""
        quotes = "'" * 3 + chr(92) + '"'
        source = quotes + "{}{{1}}; import os # {{.x}}{{`" + quotes + "`}}" + chr(10) + quotes
        templates = compile_templates({quotes: source})
        self.assertIn("import os", templates.render(quotes, {}))
