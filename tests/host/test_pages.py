"""Which files are templates, and what they may call."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.definition import AppDefinition, RouteDefinition
from clace.host.faults import AppFault
from clace.host.requests.pages import Pages
from clace.model.app import FileRef
from clace.wire import LoadApp

SHA = "cd" * 32


class PageTests(SynchronousTestCase):
    def pages(self, texts, static=(), **definition):
        load = LoadApp(
            sources={name: text.encode() for name, text in texts.items()},
            static=static,
            app_path="/test",
        )
        return Pages(load, AppDefinition(name="A", custom_layout=True, **definition))

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
        route = RouteDefinition(kind="html", path="/", full="t.go.html")
        self.assertEqual(self.pages(own, routes=(route,)).render("t.go.html", None, 5), "own")

    def frame(self, texts, name="index_gen.go.html", base="", **definition):
        """What a page shows of an app whose includes are all told by their marks."""
        load = LoadApp(sources={name: text.encode() for name, text in texts.items()})
        route = RouteDefinition(
            kind="html", path="/", full="t.go.html" if "t.go.html" in texts else ""
        )
        pages = Pages(load, AppDefinition(name="A", routes=(route,), **definition))
        record = {"AppName": "A", "IsDev": False, "PushEvents": False, "AppPath": ""}
        return pages.render(name, record, 5)

    def test_names_of_both_eras(self):
        """An include or body has the names of both eras, whichever the app defines it under."""
        for own, other in (("clace", "openrun"), ("openrun", "clace")):
            shipped = {
                f"{own}_gen.go.html": f'{{{{ block "{own}_gen_import" . }}}}IMPORT{{{{ end }}}}'
            }
            renamed = {f"{other}_gen.go.html": shipped[f"{own}_gen.go.html"]}
            body = {"app.go.html": f'{{{{ define "{own}_body" }}}}BODY{{{{ end }}}}'}
            for files in (shipped, renamed):
                self.assertRegex(self.frame(files | body), "(?s)IMPORT.*BODY")
                uses = {"t.go.html": f'{{{{ template "{other}_gen_import" . }}}}!'}
                shown = self.frame(files | uses, "t.go.html", custom_layout=True)
                self.assertEqual(shown.strip(), "IMPORT!")
                page = {"index_gen.go.html": f'{{{{ template "{other}_body" . }}}}!'}
                self.assertEqual(self.frame(files | body | page), "BODY!")

    def test_names_of_both_eras_below_base_templates(self):
        """With base templates, what these define has both names in each page."""
        base = {
            "base_templates/clace_gen.go.html": (
                '{{ block "openrun_gen_import" . }}IMPORT{{ end }}'
            ),
            "t.go.html": '{{ template "clace_gen_import" . }}',
        }
        self.assertEqual(self.frame(base, "t.go.html", custom_layout=True), "IMPORT")

    def test_include_of_a_page_alone(self):
        """With base templates, a page that has an include of its own takes it from no other."""
        texts = {
            "base_templates/layout.go.html": (
                '{{ define "full" }}{{ template "clace_gen_import" . }}{{ end }}'
            ),
            "a.go.html": '{{ define "clace_gen_import" }}own{{ end }}{{ template "full" . }}',
            "t.go.html": '{{ template "full" . }}',
        }
        self.assertEqual(self.frame(texts, "a.go.html", custom_layout=True), "own")
        self.assertIn("htmx.min.js", self.frame(texts, "t.go.html", custom_layout=True))

    def test_endless(self):
        """A template that recurses without end is stopped."""
        fault = self.assertRaises(
            AppFault, self.render, '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}'
        )
        self.assertIn("depth", fault.message)

    def test_not_utf8(self):
        """A template that is no text is named."""
        load = LoadApp(sources={"t.go.html": b"\xff"})
        fault = self.assertRaises(AppFault, Pages, load, AppDefinition(name="A"))
        self.assertIn("t.go.html", fault.message)


class FrameTests(SynchronousTestCase):
    """The page around an app that has no layout of its own."""

    def page(self, body, static=()):
        load = LoadApp(
            sources={"body.go.html": body.encode()},
            static=tuple(FileRef(name, SHA, 1) for name in ("gen/lib/clace.css", *static)),
            app_path="/test",
        )
        route = RouteDefinition(kind="html", path="/")
        pages = Pages(load, AppDefinition(name="A", routes=(route,)))
        return pages.render("index_gen.go.html", {"AppName": "<A>", "AppPath": "/test"}, 5)

    def test_heading(self):
        """The name of the app is the heading, unless the app has one."""
        page = self.page('{{ define "clace_body" }}<p>x</p>{{ end }}')
        self.assertIn("<h1>&lt;A&gt;</h1>", page)
        own = self.page('{{ define "clace_body" }}<H1 class="x">Mine</H1>{{ end }}')
        self.assertNotIn("<A>", own)
        self.assertEqual(own.lower().count("<h1"), 1)

    def test_no_body(self):
        """An app that leaves out what the frame shows is told of it, and of the other way."""
        for body in ("<p>x</p>", '{{ define "body" }}{{ end }}'):
            told = str(self.assertRaises(AppFault, self.page, body))
            self.assertIn('no template defines "clace_body"', told)
            self.assertIn("custom_layout = True", told)

    def test_main(self):
        """What the app shows is the main part of the page, once."""
        for body in ("<p>x</p>", "<header></header><main>x</main>"):
            page = self.page(f'{{{{ define "clace_body" }}}}{body}{{{{ end }}}}')
            self.assertEqual(page.count("<main>"), 1, page)

    def test_style(self):
        """The server's stylesheet is there until the app has one where it is looked for."""
        body = '{{ define "clace_body" }}{{ end }}'
        self.assertIn("gen/lib/clace-", self.page(body))
        for own in ("css/style.css", "gen/css/style.css"):
            self.assertNotIn("gen/lib/clace-", self.page(body, (own,)))
