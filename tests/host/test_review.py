"""What cannot work in an app, or has no effect, is told with its place when it is loaded."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.faults import AppFault
from clace.model.app import PluginManifest
from tests.support.hosted import get, hosted

H = "def h(req): return ace.redirect('/')\n"
PLUGINS = (PluginManifest("fs.in", {"list": True}), PluginManifest("exec.in", {"run": False}))


class ReviewCase(SynchronousTestCase):
    def warnings(self, star, templates=None, **load):
        known = {"plugins": PLUGINS, "loads": ("fs.in", "exec.in"), "inert": True, **load}
        texts = {"app.star": star, **(templates or {})}
        return list(hosted(texts, **known).loaded.options["warnings"])

    def app(self, arguments, before=H, **more):
        return self.warnings(
            f"{before}\napp = ace.app('A', custom_layout = True, {arguments})", **more
        )

    def refused(self, arguments, told, **more):
        fault = self.assertRaises(AppFault, self.app, arguments, **more)
        self.assertEqual(fault.located(), told)


class RouteTests(ReviewCase):
    def test_routes_that_are_replaced(self):
        """Of several routes for one path and method the last answers, which is told once."""
        twice = "ace.api('/a', handler = h), ace.api('/b', handler = h)"
        told = "app.star:3:1: route /a is declared more than once for GET; the last one answers"
        for routes in (f"{twice}, ace.api('/a')", f"{twice}, ace.api('/a'), ace.api('/a')"):
            self.assertEqual(self.app(f"routes = [{routes}]"), [told])
        for routes in (twice, f"{twice}, ace.api('/a', method = 'POST'), ace.api('/a/')"):
            self.assertEqual(self.app(f"routes = [{routes}]"), [])

    def test_fragments_that_are_replaced(self):
        """A fragment at the path of its page is one of the page's routes."""
        page = (
            "ace.html('/x', handler = h, fragments = [ace.fragment('FRAGMENT', method = 'METHOD')])"
        )
        templates = {"index.go.html": ""}
        for fragment, method, count in (("", "GET", 1), ("", "POST", 0), ("y", "GET", 0)):
            routes = page.replace("FRAGMENT", fragment).replace("METHOD", method)
            warnings = self.app(f"routes = [{routes}]", templates=templates)
            self.assertEqual(len(warnings), count, (fragment, method))


class TemplateTests(ReviewCase):
    def test_page_without_template(self):
        """A page that can only be shown by a template that is not there is refused."""
        for arguments, name in (
            ("routes = [ace.html('/')]", "index.go.html"),
            ("routes = [ace.html('/', 'none.go.html')]", "none.go.html"),
            ("routes = [ace.page(path = '/', html = 'none.go.html')]", "none.go.html"),
        ):
            self.refused(arguments, f"app.star:3:1: route /: there is no template {name}")

    def test_place(self):
        """A route is found on the line that declares it, in whichever file that is."""
        texts = {
            "pages.star": (
                "x = 1\npages = [\n    ace.html('/a'),\n    ace.html('/b', 'b.go.html')]\n"
            ),
        }
        star = (
            'load("pages.star", "pages")\napp = ace.app("A", custom_layout = True, routes = pages)'
        )
        texts["index.go.html"] = ""
        fault = self.assertRaises(AppFault, self.warnings, star, texts)
        self.assertEqual(
            fault.located(), "pages.star:4:1: route /b: there is no template b.go.html"
        )

    def test_handler_without_template(self):
        """A page whose handler may redirect is warned about once, with its fragments."""
        (warning,) = self.app(
            "routes = [ace.html('/x', handler = h,"
            " fragments = [ace.fragment('y'), ace.fragment('z')])]"
        )
        self.assertEqual(
            warning,
            "app.star:3:1: route /x/y: there is no template index.go.html;"
            " its handler has to redirect, or to answer with ace.response",
        )

    def test_fragment_without_block(self):
        """A block that is not there is warned about, or refused where nothing else can answer."""
        templates = {"t.go.html": '{{ block "there" . }}{{ end }}'}
        self.assertEqual(
            self.app(
                "routes = [ace.html('/', 't.go.html', 'there', fragments = [\n"
                "    ace.fragment('more', 'no', handler = h)])]",
                templates=templates,
            ),
            ["app.star:4:1: route /more: there is no block no; HTMX cannot be answered with it"],
        )
        self.refused(
            "routes = [ace.html('/', 't.go.html', 'no')]",
            "app.star:3:1: route /: there is no block no",
            templates=templates,
        )

    def test_structured(self):
        """With base templates a page's blocks are its own and those of the base."""
        templates = {
            "base_templates/b.go.html": '{{ define "base" }}{{ end }}',
            "t.go.html": '{{ define "own" }}{{ end }}',
            "u.go.html": '{{ define "other" }}{{ end }}',
        }
        for block, told in (("base", []), ("own", []), ("other", ["no block other"])):
            arguments = f"routes = [ace.html('/', 't.go.html', '{block}', handler = h)]"
            warnings = self.app(arguments, templates=templates)
            self.assertEqual(len(warnings), len(told), warnings)

    def test_raw_stream(self):
        """A stream that is shown as it is needs no template."""
        self.assertEqual(self.app("routes = [ace.html('/', '-', '-', handler = h)]"), [])

    def test_static_file(self):
        """A static file that a template names and that is not there is told with the line."""
        text = (
            '{{ define "x" }}\n{{- static "there.css" }} {{ static "/there.css" }}\n'
            '{{ if fileNonEmpty "perhaps.css" }}{{ static "perhaps.css" }}{{ end }}\n'
            '<a href="{{ "no.css" | printf "%s" }}">{{ static `no.css` }}{{ end }}\n'
            '{{ .static "x" }} static "text"'
        )
        warnings = self.app(
            "routes = [ace.api('/')]", templates={"t.go.html": text}, static={"there.css": "x"}
        )
        self.assertEqual(warnings, ["t.go.html:4: there is no file static/no.css"])

    def test_slash_before_a_static_file(self):
        """A static file is found with a slash before its name too."""
        page = {"index.go.html": '{{ static "/a.js" }} {{ static "b//../a.js" }}'}
        star = 'app = ace.app("A", custom_layout = True, routes = [ace.html("/")])'
        app = hosted({"app.star": star, **page}, static={"a.js": "x"})
        url = f"/test/static/a-{'ab' * 32}.js"
        self.assertEqual(get(app).body.decode(), f"{url} {url}")


class ArgumentTests(ReviewCase):
    def test_site(self):
        """What is said of a site's files has no effect where there is no site."""
        self.assertEqual(
            self.app("index = 'a.html', single_file = True, routes = [ace.api('/')]"),
            [
                "app.star:3:1: index has no effect without static_only",
                "app.star:3:1: single_file has no effect without static_only",
            ],
        )
        self.assertEqual(self.app("index = 'a.html', static_only = True"), [])

    def test_settings(self):
        """A setting that is not known or does nothing is named; one of a wrong type is refused."""
        settings = {
            "routing": {"push_evnts": True, "early_hints": False, "static_dir": "files"},
            "htmx": {"version": "1.9.2"},
            "container": {"separate_stage_prod_images": True},
            "app_config": {"cors": {}},
            "other": 1,
        }
        told = (
            "app_config has no effect: the operator sets this, with clace app update-metadata conf",
            "container has no effect: an image is known by what is in it, not by its app",
            "htmx.version has no effect without a file static/gen/lib/htmx.min.js",
            "other is not known",
            "routing.early_hints has no effect in this version",
            "routing.push_evnts is not known; did you mean routing.push_events?",
            "routing.static_dir has no effect in this version",
        )
        warnings = sorted(self.app(f"settings = {settings}"))
        self.assertEqual(warnings, [f"app.star:3:1: settings {one}" for one in told])
        self.refused(
            "settings = {'routing': {'push_events': 'yes'}}",
            "app.star:3:1: settings routing.push_events: got string, want bool",
        )
        own = {"gen/lib/htmx.min.js": "x"}
        self.assertEqual(self.app("settings = {'htmx': {'version': '1.9.2'}}", static=own), [])

    def test_permissions(self):
        """A permission that allows nothing is named, with what was perhaps meant."""
        load = 'load("fs.in", "fs")\n'
        permissions = ("'fs.in', 'lst'", "'fs.ni', 'list'", "'exec.in', 'run'", "'fs.in', 'list'")
        declared = ", ".join(f"ace.permission({one})" for one in permissions)
        told = (
            "fs.in.lst has no effect: fs.in has no function lst; did you mean list?",
            "fs.ni.list has no effect: there is no plugin fs.ni; did you mean fs.in?",
            "exec.in.run has no effect: the app does not load exec.in",
        )
        warnings = self.app(f"permissions = [\n{declared}]", before=load)
        self.assertEqual(warnings, [f"app.star:4:1: permission {one}" for one in told])

    def test_not_built(self):
        """A style or library that other tools build is missing until they did."""
        arguments = "style = ace.style('daisyui'), libraries = [ace.library('d3', '7')]"
        names = ("gen/css/style.css", "gen/esm/d3-7.js")
        self.assertEqual(
            self.app(arguments),
            [
                f"app.star:3:1: static/{name} is missing: build it and add it to the source"
                for name in names
            ],
        )
        self.assertEqual(self.app(arguments, static=dict.fromkeys(names, "x")), [])

    def test_refused_arguments(self):
        """An argument that can have no effect is refused by its name."""
        for call, told in (
            ("ace.page('/', html = 'a', type = 'json')", "page: html has no effect with type JSON"),
            (
                "ace.fragment('/', 'a', type = 'json')",
                "fragment: partial has no effect with type JSON",
            ),
            ("ace.fragment('/', 'a', block = 'b')", "fragment: block has no effect beside partial"),
            (
                "ace.style('', disable_watcher = 1)",
                'style: for parameter "disable_watcher": got int, want bool',
            ),
            (
                "ace.style('', custom_themes = 1)",
                'style: for parameter "custom_themes": got int, want dict',
            ),
            ("ace.library('a', '1', 2)", "library: for parameter args: got int, want list"),
            (
                "ace.redirect('/', refresh = 1)",
                'redirect: for parameter "refresh": got int, want bool',
            ),
            ("ace.app('A', [1], pages = [1])", "app: pages has no effect beside routes"),
        ):
            fault = self.assertRaises(AppFault, self.warnings, f"x = {call}")
            self.assertEqual((fault.message, fault.place.line), (told, 1))

    def test_bounded(self):
        """However much is wrong, what is told of it has an end."""
        many = ", ".join(f"'{'x' * 2000}{number}': 1" for number in range(100))
        warnings = self.app(f"settings = {{{many}}}")
        self.assertLessEqual(len(warnings), 50)
        self.assertLessEqual(max(map(len, warnings)), 500)
