"""Which files are templates, and what they may call."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.definition import Definition, Route
from clace.host.faults import AppFault
from clace.host.pages import Pages
from clace.model.app import FileRef
from clace.wire import Load

SHA = "cd" * 32


class PageTests(SynchronousTestCase):
    def pages(self, texts, static=(), **definition):
        load = Load(
            sources={name: text.encode() for name, text in texts.items()},
            static=static,
            app_path="/test",
        )
        return Pages(load, Definition(name="A", custom_layout=True, **definition))

    def render(self, text, **more):
        return self.pages({"t.go.html": text}, **more).render("t.go.html", None, 5)

    def test_static(self):
        """A static file is named with its hash; one that is not there as it is written."""
        files = (FileRef("a/b.css", SHA, 1), FileRef("empty", SHA, 0))
        self.assertEqual(
            self.render('{{ static "a/b.css" }} {{ static "none.js" }}', static=files),
            f"/test/static/a/b-{SHA}.css /test/static/none.js",
        )
        self.assertEqual(
            self.render(
                '{{ fileNonEmpty "a/b.css" }} {{ fileNonEmpty "empty" }} {{ fileNonEmpty "x" }}',
                static=files,
            ),
            "true false false",
        )

    def test_locations(self):
        """Templates are at the top of the source, or where the settings say."""
        texts = {"a.go.html": "a", "sub/b.go.html": "b", "c.txt.html": "c"}
        pages = self.pages(texts)
        self.assertEqual([pages.has(name) for name in ("a.go.html", "b.go.html")], [True, False])
        settings = {"routing": {"template_locations": ["sub/*.html"]}}
        pages = self.pages(texts, settings=settings)
        self.assertEqual([pages.has(name) for name in ("a.go.html", "b.go.html")], [False, True])

    def test_own_file_before_the_generated(self):
        """A file that the app has is not replaced by a generated one."""
        own = {
            "clace_gen.go.html": '{{ define "clace_gen_import" }}own{{ end }}',
            "t.go.html": '{{ template "clace_gen_import" }}',
        }
        route = Route(kind="html", path="/", full="t.go.html")
        self.assertEqual(self.pages(own, routes=(route,)).render("t.go.html", None, 5), "own")

    def test_endless(self):
        """A template that recurses without end is stopped."""
        fault = self.assertRaises(
            AppFault, self.render, '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}'
        )
        self.assertIn("depth", fault.message)

    def test_not_utf8(self):
        """A template that is no text is named."""
        load = Load(sources={"t.go.html": b"\xff"})
        fault = self.assertRaises(AppFault, Pages, load, Definition(name="A"))
        self.assertIn("t.go.html", fault.message)
