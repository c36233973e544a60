"""Tests for ``clace.gotemplate.language.sets``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import TemplateError, compile_templates

BASE = {
    "base_templates/base.go.html": '{{define "full"}}<b>{{block "body" .}}{{end}}</b>{{end}}',
    "one.go.html": '{{template "full" .}}{{define "body"}}one {{.}}{{end}}',
    "two.go.html": '{{template "full" .}}{{define "body"}}two {{.}}{{end}}',
}


def rendered(source, data=None, **files):
    """One file's text, other files by keyword."""
    names = {f"{name}.go.html": text for name, text in files.items()}
    return compile_templates({"page.go.html": source, **names}).render("page.go.html", data)


class UnstructuredTests(SynchronousTestCase):
    def test_escapes_by_context(self):
        """The same value is escaped for the place where it stands."""
        source = '<a href="?q={{.}}" title="{{.}}">{{.}}</a><script>x = {{.}}</script>'
        self.assertEqual(
            rendered(source, "a&b"),
            '<a href="?q=a%26b" title="a&amp;b">a&amp;b</a><script>x = "a\\u0026b"</script>',
        )

    def test_last_definition_wins(self):
        """All files are one set: a name defined twice is what the last file says."""
        source = '{{block "body" .}}page{{end}}'
        self.assertEqual(rendered(source, zz='{{define "body"}}zz{{end}}'), "zz")

    def test_refuses_mixed_branches(self):
        """Branches that end in different contexts do not compile."""
        with self.assertRaises(TemplateError) as caught:
            rendered('{{if .}}<a href="{{end}}')
        self.assertIn("branches end in different contexts", str(caught.exception))
        self.assertEqual((caught.exception.name, caught.exception.line), ("page.go.html", 1))

    def test_fragments_are_for_others(self):
        """A file that only makes sense inside another compiles, and is an error by itself."""
        files = {"a": '<p {{template "b" .}}">x</p>', "b": 'title="{{.}}'}
        templates = compile_templates(files)
        self.assertEqual(templates.render("a", "q"), '<p title="q">x</p>')

    def test_refuses_by_name_with_the_reason(self):
        """Functions that reach outside are no functions, and the error says why."""
        for name, reason in (("env", "environment"), ("bcrypt", "CPU"), ("genCA", "keys")):
            with self.assertRaises(TemplateError) as caught:
                rendered("{{%s `x`}}" % name)  # noqa: UP031
            self.assertIn(f'function "{name}" not defined', str(caught.exception))
            self.assertIn(reason, str(caught.exception))

    def test_names(self):
        """A set knows its files and what they define; a path counts by its last part."""
        templates = compile_templates({"views/a": '{{define "x"}}{{end}}', "b": ""})
        self.assertEqual(templates.names(), ["a", "b", "x"])
        self.assertTrue(templates.has("views/a"))
        self.assertFalse(templates.has("c"))


class StructuredTests(SynchronousTestCase):
    def test_each_page_has_its_own_blocks(self):
        """Two pages may define the same block of the base differently."""
        templates = compile_templates(BASE)
        self.assertEqual(templates.render("one.go.html", 1), "<b>one 1</b>")
        self.assertEqual(templates.render("two.go.html", 2), "<b>two 2</b>")

    def test_renders_one_block(self):
        """A block is looked up inside the page's own copy."""
        templates = compile_templates(BASE)
        self.assertEqual(templates.render("two.go.html", 2, block="body"), "two 2")

    def test_base_renders_by_itself(self):
        """A define of the base may be rendered without a page."""
        self.assertEqual(compile_templates(BASE).render("full", 1), "<b></b>")

    def test_functions_come_from_the_caller(self):
        """A trusted function takes typed arguments, like any other."""

        def static(name: str) -> str:
            return f"/static/{name}"

        templates = compile_templates({"t": '{{static "a"}}'}, functions={"static": static})
        self.assertEqual(templates.render("t", None), "/static/a")
        with self.assertRaises(TemplateError) as caught:
            compile_templates({"t": "{{static 5}}"}, functions={"static": static}).render("t", None)
        self.assertIn("expected string; found 5", str(caught.exception))


class HostileTests(SynchronousTestCase):
    def test_deep_things_are_refused(self):
        """Nesting of any kind is compiled or refused, never a crash."""
        chain = "".join(
            f'{{{{define "t{at}"}}}}{{{{template "t{at + 1}"}}}}{{{{end}}}}' for at in range(2000)
        )
        sources = (
            chain + '{{define "t2000"}}{{end}}{{template "t0"}}',
            '{{block "x" .}}' * 3000,
            "{{or " + "(or " * 50 + "1" + ")" * 50 + "}}",
            "{{range .}}" * 25 + "{{end}}" * 25,
            "{{if .}}" * 59 + "{{end}}" * 59,
            "{{with .}}" + "{{else with .}}" * 80 + "{{end}}",
            '<p title="&#' + "9" * 9000,
            "{{" + "9" * 9000 + "}}",
            '{{int "' + "9" * 9000 + '"}}',
            '{{fromJson "' + "[" * 9000 + '"}}',
            '{{regexMatch "' + "(" * 9000 + '" "x"}}',
        )
        for source in sources:
            try:
                compile_templates({"t": source}).render("t", {})
            except TemplateError as error:
                self.assertNotIn("Traceback", str(error))
