"""Promises of :mod:`clace.gotemplate.sets`."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import TemplateError, compile_templates


def rendered(source: str, data: Any = None, **files: str) -> str:
    """One file's text, other files by keyword."""
    names = {f"{name}.go.html": text for name, text in files.items()}
    return compile_templates({"page.go.html": source, **names}).render("page.go.html", data)


class UnstructuredTests(SynchronousTestCase):
    def test_escapes_by_context(self) -> None:
        """The same value is escaped for the place where it stands."""
        source = '<a href="?q={{.}}" title="{{.}}">{{.}}</a><script>x = {{.}}</script>'
        self.assertEqual(
            rendered(source, "a&b"),
            '<a href="?q=a%26b" title="a&amp;b">a&amp;b</a><script>x = "a\\u0026b"</script>',
        )

    def test_last_definition_wins(self) -> None:
        """All files are one set: a name defined twice is what the last file says."""
        source = '{{block "body" .}}page{{end}}'
        self.assertEqual(rendered(source, zz='{{define "body"}}zz{{end}}'), "zz")

    def test_refuses_mixed_branches(self) -> None:
        """Branches that end in different contexts do not compile."""
        with self.assertRaises(TemplateError) as caught:
            rendered('{{if .}}<a href="{{end}}')
        self.assertIn("branches end in different contexts", str(caught.exception))
        self.assertEqual((caught.exception.name, caught.exception.line), ("page.go.html", 1))


class StructuredTests(SynchronousTestCase):
    FILES = {
        "base_templates/base.go.html": '{{define "full"}}<b>{{block "body" .}}{{end}}</b>{{end}}',
        "one.go.html": '{{template "full" .}}{{define "body"}}one {{.}}{{end}}',
        "two.go.html": '{{template "full" .}}{{define "body"}}two {{.}}{{end}}',
    }

    def test_each_page_has_its_own_blocks(self) -> None:
        """Two pages may define the same block of the base differently."""
        templates = compile_templates(self.FILES)
        self.assertEqual(templates.render("one.go.html", 1), "<b>one 1</b>")
        self.assertEqual(templates.render("two.go.html", 2), "<b>two 2</b>")

    def test_renders_one_block(self) -> None:
        """A block is looked up inside the page's own copy."""
        templates = compile_templates(self.FILES)
        self.assertEqual(templates.render("two.go.html", 2, block="body"), "two 2")
