"""The ``ace`` module."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.faults import AppFault
from clace.model.app import ArgumentConstraint, Permission, PluginManifest
from tests.support.hosted import body, get, hosted, star


class SignatureTests(SynchronousTestCase):
    def assert_refused(self, expression, message):
        text = f'x = {expression}\napp = ace.app("A")'
        fault = self.assertRaises(AppFault, star, text)
        self.assertEqual(fault.message, message)
        self.assertEqual((fault.place.file, fault.place.line), ("app.star", 1))

    def evaluated(self, expression, **load):
        text = (
            f"x = {expression}\ndef handler(req):\n    return x\n"
            'app = ace.app("A", routes = [ace.api("/")])'
        )
        return body(star(text, **load))

    def test_positional_order(self):
        """Arguments may be given in the order of the documentation."""
        text = """
def h(req):
    return "h"
routes = [
    ace.html("/", "f", "p", h, [ace.fragment("x", "q", h, "POST")], "PUT"),
    ace.api("/api", h, "POST", "TEXT"),
]
app = ace.app("A", routes, ace.style("daisyui", ["a"], True, "l", "d"),
    [ace.permission("p.in", "m", ["a"], "READ", [["s"]])], [ace.library("n", "1", ["x"])],
    {"routing": {}}, True, None, [], False, "i", False)
"""
        definition = star(text)._definition
        page, api = definition.routes
        self.assertEqual((page.full, page.partial, page.method), ("f", "p", "PUT"))
        self.assertEqual((page.fragments[0].partial, page.fragments[0].method), ("q", "POST"))
        self.assertEqual((api.method, api.type), ("POST", "TEXT"))
        self.assertEqual((definition.custom_layout, definition.index), (True, "i"))
        self.assertEqual(definition.style.library, "daisyui")
        self.assertEqual(
            self.evaluated(
                '[ace.redirect("/", 301, True).code, ace.response(1, "b", "json", 2, '
                '"t", "s", "r").retarget]'
            ),
            '[301,"t"]\n',
        )

    def test_constants(self):
        """The constants are those of the documentation."""
        self.assertEqual(
            self.evaluated(
                "[ace.GET, ace.DELETE, ace.JSON, ace.READ, ace.AUTO, ace.CONTAINER_URL]"
            ),
            '["GET","DELETE","JSON","READ","AUTO","\\u003cCONTAINER_URL\\u003e"]\n',
        )

    def test_wrong_types(self):
        """An argument of the wrong type is named."""
        self.assert_refused(
            'ace.app("A", settings = [])', 'app: for parameter "settings": got list, want dict'
        )
        self.assert_refused("ace.api(1)", "api: for parameter path: got int, want string")

    def test_wrong_words(self):
        """Words that are none of those known are refused."""
        self.assert_refused('ace.api("/", type = "XML")', "invalid API type specified : XML")
        self.assert_refused('ace.page("/", type = "XML")', "invalid type specified : XML")
        self.assert_refused('ace.response(1, type = "XML")', "invalid type specified : XML")
        self.assert_refused(
            'ace.permission("p", "m", type = "read")', "invalid permission type specified : read"
        )
        self.assert_refused('ace.html("/", method = "MOVE")', "html: unsupported method MOVE")

    def test_permission(self):
        """What a permission says has one form, in whatever order an app says it."""
        permission = (
            'ace.permission("p.in", "m", ["a", 1, ["b"]], "READ", [["s"]], ["y", "x", "x"],'
            ' kwargs = {"headers": {"X": "regex:.*", "Accept": 2}, "cwd": "/", "env": {}})'
        )
        text = f'app = ace.app("A", permissions = [{permission}], routes = [])'
        self.assertEqual(
            star(text).loaded.demands.permissions,
            (
                Permission(
                    "p.in",
                    "m",
                    ("a", "1", '["b"]'),
                    is_read=True,
                    secrets=(("s",),),
                    permit=("x", "y"),
                    kwargs=(
                        ArgumentConstraint("cwd", "/"),
                        ArgumentConstraint("env", "{}"),
                        ArgumentConstraint("headers", "2", "Accept"),
                        ArgumentConstraint("headers", "regex:.*", "X"),
                    ),
                ),
            ),
        )
        for more, message in (
            ("permit = 1", 'permission: for parameter "permit": got int, want list'),
            ("permit = [1]", 'permission: for parameter "permit": got int, want string'),
            ("kwargs = []", 'permission: for parameter "kwargs": got list, want dict'),
            ("kwargs = {1.5: 1}", 'permission: for parameter "kwargs": got float, want string'),
            (
                "kwargs = {'a': {True: 1}}",
                'permission: for parameter "kwargs": got bool, want string',
            ),
        ):
            self.assert_refused(f'ace.permission("p", "m", {more})', message)

    def test_half_a_character(self):
        """A string that is no UTF-8 is told as wrong where another type is wanted."""
        fault = self.assertRaises(AppFault, star, 'app = ace.app("A", style = "é"[:1])')
        self.assertIn("the definition of the app is wrong", fault.message)

    def test_not_available(self):
        """What this version does not have is named."""
        for name in ("action", "result"):
            self.assert_refused(
                f'ace.{name}("/", 1)', f"ace.{name} is not available in this version"
            )
        self.assert_refused(
            'ace.app("A", container = 1)',
            'app: for parameter "container": want the result of container.config, at top level',
        )

    def test_config(self):
        """A setting of the server, or the app's default; names stand for values in texts."""
        known = {"node_config": {"known": "at $HOME", "number": 3}, "env": {"HOME": "/h"}}
        self.assertEqual(
            self.evaluated(
                '[ace.config("known", 1), ace.config("number", 1), ace.config("other", "$HOME/x"),'
                ' ace.config("list", [1])]',
                **known,
            ),
            '["at /h",3,"/h/x",[1]]\n',
        )

    def test_older_names(self):
        """An app written for the first release runs."""
        app = hosted(
            {
                "app.star": """
def handler(req):
    return {"n": 1}
app = ace.app("Old", custom_layout = True, pages = [
    ace.page("/", html = "o.go.html", block = "part", fragments = [
        ace.fragment("more", block = "other")]),
    ace.page("/json", type = "json"),
])
""",
                "o.go.html": '{{ block "part" . }}part{{ end }}{{ define "other" }}o{{ end }}',
            }
        )
        htmx = {"Hx-Request": ["true"]}
        self.assertEqual(body(app, headers=htmx), "part")
        self.assertEqual(body(app, "/more", headers=htmx), "o")
        self.assertEqual(body(app, "/json"), '{"n":1}\n')


class RouteTests(SynchronousTestCase):
    def assert_refused(self, routes, message, more=""):
        text = f"x = 1\napp = ace.app('A', routes = {routes}{more})"
        fault = self.assertRaises(AppFault, star, text)
        self.assertEqual(fault.located(), f"app.star:2:1: {message}")

    def test_what_is_no_route(self):
        """What is wrong about a route is said, at the app's line."""
        self.assert_refused("1", "routes is not a list")
        self.assert_refused("[1]", "routes entry 1 is not a struct")
        self.assert_refused(
            '[ace.html("/a", handler = 1)]', "handler for page /a is not a function"
        )
        self.assert_refused('[ace.api("/a", handler = 1)]', "handler for API /a is not a function")
        self.assert_refused(
            '[ace.html("/a", fragments = 1)]', "fragments attribute in page /a is not a list"
        )
        self.assert_refused(
            '[ace.html("/a", fragments = [1])]', "page /a fragment 1 is not a struct"
        )
        self.assert_refused('[ace.api("a")]', "routing pattern must begin with '/' in 'a'")
        self.assert_refused(
            '[ace.html("/")]', "static_only app cannot have HTML routes", ", static_only = True"
        )

    def test_default_handler(self):
        """A route without a handler has the app's, if there is one."""
        text = 'app = ace.app("A", routes = [ace.api("/")])'
        self.assertEqual(body(star(text)), "{}\n")
        self.assertEqual(body(star("def handler(req):\n    return 1\n" + text)), "1\n")
        fault = self.assertRaises(AppFault, star, "handler = 1\n" + text)
        self.assertEqual(fault.message, "handler is not a function")

    def test_own_structs(self):
        """A route need only have the fields of one."""
        text = """
def h(req):
    return "own"
app = ace.app("A", routes = [struct(path = "/", handler = h, method = "GET")])
"""
        self.assertEqual(get(star(text)).body, b'"own"\n')


class ProxyTests(SynchronousTestCase):
    def refused(self, routes, message, **more):
        text = f'load("proxy.in", "proxy")\napp = ace.app("A", routes = [{routes}], **{more})'
        manifest = PluginManifest("proxy.in", {"config": True}, declaring=("config",))
        known = {"plugins": (manifest,), "loads": ("proxy.in",)}
        fault = self.assertRaises(AppFault, star, text, **known)
        self.assertIn(message, fault.message)

    def test_declared_wrongly(self):
        """A proxied route has a plain path of its own, and the result of ``proxy.config``."""
        call = 'proxy.config("http://a")'
        self.refused('ace.proxy("/", 1)', "want the result of proxy.config")
        self.refused(f"ace.proxy(1, {call})", "for parameter path: got int, want string")
        for path in ("x", "/{a}", "/a*", "/a?b"):
            self.refused(f'ace.proxy("{path}", {call})', f"proxy path {path} is not a path")
        twice = f'ace.proxy("/a", {call}), ace.proxy("/a/", {call})'
        self.refused(twice, "proxy path /a is declared more than once")
        self.refused(
            f'ace.proxy("/", {call})',
            "static_only app cannot have root level wildcard path for proxy",
            static_only=True,
        )
        self.refused('struct(path = "/", config = 1)', "is not the result of proxy.config")
