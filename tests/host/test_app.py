"""An app in memory: what it answers to which request."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.faults import AppFault
from clace.host.requests.answers import STREAM_END
from clace.wire import CallAnswer
from tests.support.apps import a_request
from tests.support.hosted import FakeDaemon, body, get, hosted, said, star

HTMX = {"Hx-Request": ["true"]}
PAGES = {
    "app.star": """
def handler(req):
    return {"n": int(req.Query.get("n", ["1"])[0])}

def fragment_handler(req):
    return {"n": 100}

app = ace.app("Pages", custom_layout = True, routes = [
    ace.html("/", partial = "part", fragments = [
        ace.fragment("more"),
        ace.fragment("own", "other", fragment_handler),
        ace.fragment("", method = "POST"),
        ace.api("data"),
    ]),
    ace.html("/plain", full = "plain.go.html"),
    ace.html("/item/{id}", full = "item.go.html"),
])
""",
    "index.go.html": '<p>{{ block "part" . }}[{{ .Data.n }}]{{ end }}</p>'
    '{{ define "other" }}other {{ .Data.n }}{{ end }}',
    "plain.go.html": "plain {{ .Data.n }} {{ .PagePath }}",
    "item.go.html": "{{ .UrlParams.id }} {{ .Query.Get `q` }} {{ .AppUrl }}",
}


class MarkedFileTests(SynchronousTestCase):
    def test_byte_order_marks(self):
        """Files that an editor began with a byte order mark are read as if it were not there."""
        code = """
load("more.star", "more")

def handler(req):
    return {"n": more.n + param.n, "of": str(doc.seat)}

app = ace.app("Marked", custom_layout = True, routes = [ace.html("/")])
"""
        files = {
            "app.star": code,
            "more.star": "more = struct(n = 1)",
            "params.star": 'param("n", INT, default = 2)',
            "schema.star": 'type("seat", fields = [field("row", INT)])',
            "base_templates/base.go.html": '{{ define "full" }}{{ block "b" . }}{{ end }}{{ end }}',
            "index.go.html": '{{ template "full" . }}{{ define "b" }}{{ .Data.n }}{{ end }}',
        }
        app = hosted({name: "\ufeff" + text for name, text in files.items()})
        self.assertEqual(body(app), "3")


class PageTests(SynchronousTestCase):
    def test_full_page(self):
        """A page is rendered whole for a browser, and for a boosted link."""
        app = hosted(PAGES)
        self.assertEqual(body(app), "<p>[1]</p>")
        boosted = {**HTMX, "Hx-Boosted": ["true"]}
        self.assertEqual(body(app, headers=boosted), "<p>[1]</p>")

    def test_page_to_go_back_to(self):
        """HTMX gets the whole page to go back to one that it keeps no more, a fragment's too."""
        back = {**HTMX, "Hx-History-Restore-Request": ["true"]}
        for path in ("/", "/more"):
            reply = get(hosted(PAGES), path, headers=back)
            self.assertEqual(reply.body, b"<p>[1]</p>")
            self.assertIn(("Vary", "HX-History-Restore-Request"), reply.headers)

    def test_partial(self):
        """HTMX gets the block alone; caches are told that the two differ."""
        reply = get(hosted(PAGES), headers=HTMX, query={"n": ["7"]})
        self.assertEqual(reply.body, b"[7]")
        self.assertIn(("Vary", "HX-Request"), reply.headers)
        self.assertIn(("Vary", "HX-Boosted"), reply.headers)

    def test_page_without_partial(self):
        """A page without a block is rendered whole for HTMX too."""
        self.assertEqual(body(hosted(PAGES), "/plain", headers=HTMX), "plain 1 /test/plain")

    def test_fragments_inherit(self):
        """A fragment has its page's handler and block unless it says otherwise."""
        app = hosted(PAGES)
        self.assertEqual(body(app, "/more", headers=HTMX), "[1]")
        self.assertEqual(body(app, "/own", headers=HTMX), "other 100")
        self.assertEqual(body(app, "/data"), '{"n":1}\n')

    def test_back_to_the_page(self):
        """A form without HTMX is answered by going back to the page that it was on."""
        app = hosted(PAGES)
        for referer, location in {
            "http://localhost:25222/test/page?x=1": "/test/page?x=1",
            "http://localhost:25222": "/",
            "/test/other": "/test/other",
        }.items():
            reply = get(app, method="POST", headers={"Referer": [referer]})
            self.assertEqual((reply.status, dict(reply.headers)["Location"]), (303, location))

    def test_not_to_another_site(self):
        """A foreign or doubtful referer gets the page instead."""
        app = hosted(PAGES)
        for referer in (
            "http://evil.example/x",
            "https://localhost:25222/x",
            "http://localhost:1/x",
            "//evil.example/x",
            "/\\evil.example",
            "http://localhost:25222//evil.example",
            "javascript:alert(1)",
            "",
        ):
            reply = get(app, method="POST", headers={"Referer": [referer]})
            self.assertEqual((referer, reply.status), (referer, 200))

    def test_request_in_a_template(self):
        """A template reads the request by Go's names, values by Go's methods."""
        text = body(hosted(PAGES), "/item/a b", query={"q": ["<x>"]})
        self.assertEqual(text, "a b &lt;x&gt; http://localhost:25222/test")

    def test_templates_change_nothing_of_the_app(self):
        """What a template sets in a dict of the app's own is not there for the next visitor."""
        page = '{{ .Data.user }}{{ $_ := set .Data "user" .UserId }}{{ .Data.user }}'
        text = """
DATA = {"a": 1}
app = ace.app("A", custom_layout = True, routes = [
    ace.html("/", full = "t.go.html", handler = lambda req: DATA),
])
"""
        app = hosted({"app.star": text, "t.go.html": page})
        shown = [body(app, "/", user_id=user) for user in ("ann", "eve")]
        self.assertEqual(shown, ["ann", "eve"])

    def test_generated_templates(self):
        """An app that writes no layout gets one, with the shipped scripts."""
        app = hosted(
            {
                "app.star": 'app = ace.app("Gen", routes = [ace.html("/")])',
                "app.go.html": '{{ define "clace_body" }}<i>{{ .AppName }}</i>{{ end }}',
            },
            static={"gen/lib/htmx.min.js": "x", "css/style.css": "p{}", "gen/css/style.css": ""},
        )
        text = body(app)
        self.assertIn("<title>Gen</title>", text)
        self.assertIn("<i>Gen</i>", text)
        self.assertIn(f'src="/test/static/gen/lib/htmx-{"ab" * 32}.min.js"', text)
        self.assertIn(f'href="/test/static/css/style-{"ab" * 32}.css"', text)
        self.assertNotIn("gen/css", text)
        self.assertNotIn("sse", text)

    def test_generated_templates_of_a_dev_app(self):
        """In dev the page listens for reloads."""
        app = hosted(
            {
                "app.star": 'app = ace.app("Gen", routes = [ace.html("/")])',
                "app.go.html": '{{ define "clace_body" }}{{ end }}',
            },
            is_dev=True,
        )
        self.assertIn('sse-connect="/test/_clace_app/sse"', body(app))

    def test_structured_templates(self):
        """With base templates each page has its own blocks, and the layout is theirs."""
        app = hosted(
            {
                "app.star": 'app = ace.app("S", custom_layout = True, routes = ['
                'ace.html("/a", "a.go.html", "body"), ace.html("/b", "b.go.html", "body")])',
                "base_templates/base.go.html": '{{ define "full" }}[{{ block "body" . }}{{ end }}]'
                "{{ end }}",
                "a.go.html": '{{ define "body" }}A{{ end }}{{ template "full" . }}',
                "b.go.html": '{{ define "body" }}B{{ end }}{{ template "full" . }}',
            }
        )
        self.assertEqual((body(app, "/a"), body(app, "/b")), ("[A]", "[B]"))
        self.assertEqual(body(app, "/b", headers=HTMX), "B")

    def test_template_failure(self):
        """A template that fails leaves nothing of the page and tells its error."""
        app = hosted({**PAGES, "plain.go.html": "half {{ .Data.n.x }}"})
        fault = self.assertRaises(AppFault, get, app, "/plain")
        self.assertIn("plain.go.html", fault.message)

    def test_missing_template(self):
        """A template that is not there is named."""
        app = hosted({"app.star": PAGES["app.star"], "index.go.html": "x"})
        fault = self.assertRaises(AppFault, get, app, "/plain")
        self.assertIn("plain.go.html", fault.message)

    def test_broken_template(self):
        """A template that does not compile is refused when the app loads."""
        broken = {**PAGES, "plain.go.html": "{{ if }}"}
        fault = self.assertRaises(AppFault, hosted, broken)
        self.assertIn("plain.go.html", fault.message)


RESULTS = """
def none(req): return None
def numbers(req): return {"z": 1.0, "a": 1.5, "list": (1, 2), "t": True, "n": None, "s": "<&>"}
def go_redirect(req): return ace.redirect("/there", code = 307, refresh = True)
def zero(req): return ace.redirect("/there", 0)
def made(req): return ace.response({"id": 3}, code = 201, retarget = "#x", redirect = "/y")
def block(req): return ace.response({"id": 3}, "b", code = 422, reswap = "outerHTML")
def blockless(req): return ace.response({"id": 3})
def text(req): return ace.response("plain", type = "text")
def out(req): return ace.output({"a": 1})
def bad_out(req): return ace.output(error = "no good")
def strange(req): return struct(a = 1)
def function(req): return [strange]
def counting(req): return range(3)
def inner(req): return [ace.output(1)]
def n_no_args(): return "none"
def teapot(req): return ace.response("", type = "text", code = 99)
def header(req): return ace.redirect("/a\\r\\nSet-Cookie: x")
app = ace.app("Results", custom_layout = True, routes = [
    ace.api("/none", none), ace.api("/numbers", numbers), ace.api("/redirect", go_redirect),
    ace.api("/zero", zero), ace.api("/made", made),
    ace.html("/block", "t.go.html", handler = block),
    ace.html("/blockless", "t.go.html", handler = blockless), ace.api("/text", text),
    ace.api("/out", out), ace.api("/bad_out", bad_out), ace.api("/strange", strange),
    ace.api("/function", function), ace.api("/range", counting), ace.api("/inner", inner),
    ace.api("/no_args", n_no_args), ace.api("/text/none", none, type = "text"),
    ace.api("/text/numbers", numbers, type = "TEXT"), ace.api("/nothing"),
    ace.api("/text/nothing", type = "TEXT"), ace.api("/teapot", teapot),
    ace.api("/header", header),
])
"""


PAGE_OF_H = """
app = ace.app("A", custom_layout = True, routes = [ace.html("/", "t.go.html", handler = h)])
"""


class ResultTests(SynchronousTestCase):
    def setUp(self):
        self.app = hosted(
            {"app.star": RESULTS, "t.go.html": '{{ define "b" }}[{{ .Data.id }}]{{ end }}'}
        )

    def assert_fails(self, path, text):
        fault = self.assertRaises(AppFault, get, self.app, path)
        self.assertIn(text, fault.message)

    def test_json(self):
        """JSON is as Go writes it: sorted, whole numbers without fraction, safe in HTML."""
        self.assertEqual(
            body(self.app, "/numbers"),
            '{"a":1.5,"list":[1,2],"n":null,"s":"\\u003c\\u0026\\u003e","t":true,"z":1}\n',
        )
        self.assertEqual(dict(get(self.app, "/none").headers)["Content-Type"], "application/json")
        self.assertEqual((body(self.app, "/none"), body(self.app, "/nothing")), ("null\n", "{}\n"))

    def test_text(self):
        """Text is as Go prints values."""
        self.assertEqual(body(self.app, "/text/none"), "<nil>")
        self.assertEqual(body(self.app, "/text/nothing"), "map[]")
        self.assertEqual(
            body(self.app, "/text/numbers"), "map[a:1.5 list:[1 2] n:<nil> s:<&> t:true z:1]"
        )

    def test_redirect(self):
        """A redirect has the app's address and code."""
        reply = get(self.app, "/redirect")
        headers = dict(reply.headers)
        self.assertEqual(
            (reply.status, headers["Location"], headers["HX-Refresh"]), (307, "/there", "true")
        )
        self.assertEqual(get(self.app, "/zero").status, 303)

    def test_response(self):
        """A response has the app's code and HTMX headers, also as JSON."""
        reply = get(self.app, "/made")
        headers = dict(reply.headers)
        self.assertEqual((reply.status, reply.body), (201, b'{"id":3}\n'))
        self.assertEqual((headers["HX-Retarget"], headers["HX-Redirect"]), ("#x", "/y"))

    def test_response_block(self):
        """A response on a page shows a block."""
        reply = get(self.app, "/block")
        self.assertEqual((reply.status, reply.body), (422, b"[3]"))
        self.assertEqual(dict(reply.headers)["HX-Reswap"], "outerHTML")
        self.assert_fails("/blockless", "block not defined in response")

    def test_response_that_redirects(self):
        """HTMX is sent elsewhere whether or not there is a block to show."""
        for block, shown in (('"b"', b"[3]"), ('"none"', b""), ('""', b"")):
            text = f'def h(req): return ace.response({{"id": 3}}, {block}, redirect = "/there")\n'
            text += PAGE_OF_H
            files = {"t.go.html": '{{ define "b" }}[{{ .Data.id }}]{{ end }}'}
            base = {"base_templates/x.go.html": '{{ define "x" }}{{ end }}'}
            for layout in ({}, base):
                reply = get(hosted({"app.star": text, **files, **layout}), headers=HTMX)
                self.assertEqual((reply.status, reply.body), (200, shown))
                self.assertEqual(dict(reply.headers)["HX-Redirect"], "/there")

    def test_response_of_another_type(self):
        """A response may be text on a JSON route."""
        reply = get(self.app, "/text")
        self.assertEqual(reply.body, b"plain")
        self.assertEqual(dict(reply.headers)["Content-Type"], "text/plain; charset=utf-8")

    def test_output(self):
        """An output stands for its value, or fails."""
        self.assertEqual(body(self.app, "/out"), '{"a":1}\n')
        self.assert_fails("/bad_out", "no good")

    def test_changed_headers(self):
        """A handler that changes its request's headers does not change who asks."""
        text = """def handler(req):
    req.Headers["Hx-Request"] = []
    return "x"
app = ace.app("A", custom_layout = True, routes = [ace.html("/", "t.go.html", "part")])
"""
        page = '<i>{{ block "part" . }}{{ .Data }}{{ end }}</i>'
        self.assertEqual(body(hosted({"app.star": text, "t.go.html": page}), headers=HTMX), "x")

    def test_spoilt_request(self):
        """A page cannot show a request whose headers or form the handler made unreadable."""
        for field in ("Headers", "Query", "Form", "PostForm"):
            text = f"""def handler(req):
    req.{field}["x"] = 1
    return "x"
app = ace.app("A", custom_layout = True, routes = [ace.html("/", "t.go.html")])
"""
            app = hosted({"app.star": text, "t.go.html": "{{ .Data }}"})
            fault = self.assertRaises(AppFault, get, app, query={"a": ["b"]})
            self.assertIn("something else than lists of strings", fault.message)

    def test_keys_of_an_output(self):
        """A loop over an output goes over its keys, whatever they are."""
        text = """
def handler(req): return [repr(key) for key in ace.output({True: 1, "a": 2, 1.5: 3})]
app = ace.app("A", routes = [ace.api("/")])
"""
        self.assertEqual(body(star(text)), '["True","\\"a\\"","1.5"]\n')

    def test_what_is_no_value(self):
        """What cannot be shown is refused."""
        self.assert_fails("/strange", "no block attribute")
        self.assert_fails("/function", "unrecognized starlark type: function")
        self.assert_fails("/range", "unrecognized starlark type: range")
        self.assert_fails("/inner", "unrecognized starlark type")

    def test_no_arguments(self):
        """A function whose name says so gets no request."""
        self.assertEqual(body(self.app, "/no_args"), '"none"\n')

    def test_what_http_cannot_say(self):
        """Impossible status codes and headers are refused."""
        self.assert_fails("/teapot", "invalid status code 99")
        self.assert_fails("/header", "Location")


ERRORS = """
def bad(req):
    x = req.Query
    return x["nothing"]

def error_handler(req, error):
    if req.Query.get("again"):
        fail("worse")
    return ace.response({"said": error["error"]}, code = 418)

app = ace.app("Errors", routes = [ace.api("/", bad), ace.html("/page", "missing", handler = bad)])
"""


class ErrorTests(SynchronousTestCase):
    def test_error_handler(self):
        """A failing handler's error goes to the app's own, whose answer is shown."""
        reply = get(star(ERRORS))
        self.assertEqual(
            (reply.status, reply.body), (418, b'{"said":"key \\"nothing\\" not in dict"}\n')
        )

    def test_handled_failures_are_told(self):
        """The daemon learns what the app's own error handler has answered, and where it was."""
        told = get(star(ERRORS)).fault
        self.assertEqual(
            (told.message, told.place, told.route),
            ('key "nothing" not in dict', "app.star:4:13", "/"),
        )
        self.assertIsNone(get(hosted(PAGES)).fault)

    def test_failing_template(self):
        """A template that fails is told with file and line, and once."""
        texts = {**PAGES, "plain.go.html": "plain\n{{ index .Data.n 3 }}"}
        for is_dev in (False, True):
            fault = self.assertRaises(AppFault, get, hosted(texts, is_dev=is_dev), "/plain")
            self.assertTrue(fault.as_sent.place.startswith("plain.go.html:2:"), fault.as_sent)
            self.assertEqual(fault.as_sent.route, "/plain")
            self.assertEqual(fault.message.count("plain.go.html:2:"), 1, fault.message)

    def test_error_handler_calls_plugins(self):
        """What the handler left unseen is told to the app's own, which may call plugins."""
        text = """
load("exec.in", "exec")
def bad(req):
    exec.run("false")
def error_handler(req, error):
    return [error["error"], exec.run("b").value]
app = ace.app("Errors", routes = [ace.api("/", bad)])
"""
        failed = CallAnswer(call=1, error="broken", error_code=4)
        found = body(star(text), "/", failed, CallAnswer(call=2, value="called"))
        self.assertEqual(found, '["broken","called"]\n')

    def test_failing_error_handler(self):
        """An error handler that fails is told with its own message, and what it was called for."""
        fault = self.assertRaises(AppFault, get, star(ERRORS), query={"again": ["1"]})
        self.assertTrue(fault.message.startswith("fail: worse"), fault.message)
        self.assertIn('key "nothing" not in dict', fault.message)

    def test_position_in_dev(self):
        """In dev mode an error says in which function and where."""
        text = ERRORS.replace("error_handler", "unused")
        fault = self.assertRaises(AppFault, get, star(text, is_dev=True))
        self.assertEqual(
            fault.message,
            'key "nothing" not in dict : Function bad, Position app.star:4:13',
        )
        fault = self.assertRaises(AppFault, get, star(text))
        self.assertEqual(fault.message, 'key "nothing" not in dict')

    def test_late(self):
        """A handler that takes too long is stopped."""
        text = """
def spin(req):
    for a in range(100000000):
        pass
app = ace.app("a", routes = [ace.api("/", spin)])
"""
        fault = self.assertRaises(AppFault, get, star(text, request_seconds=0.05))
        self.assertEqual(fault.code, "app_timed_out")


PLUGIN = """
load("exec.in", "exec")

def value(req): return exec.run("a", [1], env = {"x": 2}).value
def unseen(req):
    exec.run("a")
    return "not seen"
def second(req):
    exec.run("a")
    exec.run("b")
def tested(req):
    ret = exec.run("a")
    return ret.error if not ret else ret.value
def in_turn(req):
    ret = exec.run("a") or exec.list("b")
    return ret.value
def both(req):
    ret = exec.run("a") and exec.list("b")
    return ret.value
def chosen(req): return [ret.value for ret in [exec.run("a"), exec.run("b")] if ret]
def code(req):
    ret = exec.run("a")
    if ret.error:
        return [ret.error_code, ret.is_stream, bool(ret), str(ret), getattr(ret, "error")]
def among(req):
    rets = [exec.run("a")]
    failed = [any(rets), all(rets)]
    rets.append(exec.run("b"))
    return failed + [any(rets), all(rets)]
def whole(req): return exec.run("a")
def wrong(req): return exec.run("a").error.x
def nothing(req): return getattr(exec.run("a"), "other")
def out(req):
    ret = helper()
    return "failed: " + ret.error if ret.error else ret.value
def helper(): return ace.output(error = "helper failed")
def stream(req): return exec.run("a")
def plain(req):
    ret = struct(value = 1, error = "", error_code = 2)
    return [ret.value, ret.error, ret.error_code, not ret, exec.LIMIT, exec.NAME]
def keeps(req):
    ace.audit("first", "x")
    ace.audit("op", "target", "why")
    print("said", 1, [2])
    exec.run("a")

app = ace.app("P", custom_layout = True, routes = [
    ace.api("/" + str(f).split(" ")[1].split(">")[0], f) for f in [
        value, unseen, second, tested, in_turn, both, chosen, among, code, whole, wrong, nothing,
        out, stream, plain, keeps]
] + [
    ace.api("/text", stream, type = "TEXT"), ace.html("/page", "t.go.html", "part", stream),
    ace.html("/raw", "-", handler = stream),
])
"""
FAILED = CallAnswer(call=1, error="broken", error_code=4)


class PluginTests(SynchronousTestCase):
    def setUp(self):
        page = '<li>{{ block "part" . }}{{ .Data }}{{ end }}</li>'
        self.app = hosted({"app.star": PLUGIN, "t.go.html": page})

    def assert_fails(self, path, message, *answers):
        fault = self.assertRaises(AppFault, get, self.app, path, *answers)
        self.assertEqual(fault.message, message)

    def good(self, value):
        return CallAnswer(call=1, value=value)

    def test_call(self):
        """A call carries its arguments, and comes back with a value."""
        daemon = FakeDaemon(self.good({"x": [1, 2.5, None]}))
        reply = self.app.respond(a_request("/value"), daemon)
        self.assertEqual(reply.body, b'{"x":[1,2.5,null]}\n')
        self.assertEqual(daemon.calls, [("exec.in", "run", ("a", [1]), {"env": {"x": 2}})])

    def test_argument_that_cannot_be_sent(self):
        """A call that would send a function says which plugin and what, at its place."""
        for argument, why in (("f", "function"), ("a = [{1: ace.redirect('/')}]", "struct")):
            text = f"""load("exec.in", "exec")
def f(req): exec.run({argument})
app = ace.app("A", routes = [ace.api("/", f)])
"""
            fault = self.assertRaises(AppFault, get, hosted({"app.star": text}))
            told = "exec.in run: argument cannot be sent: unrecognized starlark type: " + why
            self.assertTrue(fault.message.startswith(told), fault.message)
            self.assertEqual(str(fault.place), "app.star:2:21")

    def test_value_of_a_failure(self):
        """Reading the value of a call that failed raises its error."""
        self.assert_fails("/value", "broken", FAILED)

    def test_unseen_failure(self):
        """A failure that nobody looked at fails the handler."""
        fault = self.assertRaises(AppFault, get, self.app, "/unseen", FAILED)
        self.assertEqual((fault.message, str(fault.place)), ("broken", "app.star:6:13"))
        self.assertEqual(fault.place.function, "unseen")
        self.assertEqual(body(self.app, "/unseen", self.good(1)), '"not seen"\n')

    def test_call_after_an_unseen_failure(self):
        """Nor can anything be called after it."""
        told = "previous plugin call failed: broken at app.star:9:13"
        self.assert_fails("/second", told, FAILED, self.good(1))

    def test_results_without_a_place(self):
        """A result that cannot be shown, or a handler that takes nothing, is told with its line."""
        text = """
load("exec.in", "exec")
def keeps(req):
    return {"rows": exec.run("a")}
def bare():
    return {}
app = ace.app("P", routes = [ace.api("/keeps", keeps), ace.api("/bare", bare)])
"""
        for path, place, told in (
            ("/keeps", "app.star:3:1", "take its value"),
            ("/bare", "app.star:5:1", "def bare(req)"),
        ):
            fault = self.assertRaises(AppFault, get, star(text), path, self.good(1))
            self.assertEqual(str(fault.place), place)
            self.assertIn(told, fault.message)

    def test_misspelt_template(self):
        """A template that is missing is told with the one that is like it, at the handler."""
        texts = {
            "app.star": """
def handler(req):
    return ace.response({}, "indx.go.html")
app = ace.app("P", custom_layout = True, routes = [ace.html("/")])
""",
            "index.go.html": "x",
        }
        fault = self.assertRaises(AppFault, get, hosted(texts))
        self.assertEqual(
            (fault.message, str(fault.place)),
            (
                'html/template: "indx.go.html" is undefined; did you mean index.go.html?',
                "app.star:2:1",
            ),
        )

    def test_tested_failure(self):
        """A failed response is false, and then handled."""
        self.assertEqual(body(self.app, "/tested", FAILED), '"broken"\n')
        self.assertEqual(body(self.app, "/tested", self.good(5)), "5\n")

    def test_or_and_and(self):
        """``or`` and ``and`` take a response for its success, and call no more than they must."""
        self.assertEqual(body(self.app, "/in_turn", FAILED, self.good(2)), "2\n")
        self.assertEqual(body(self.app, "/in_turn", self.good(1)), "1\n")
        self.assertEqual(body(self.app, "/both", self.good(1), self.good(2)), "2\n")
        self.assert_fails("/both", "broken", FAILED)

    def test_comprehension(self):
        """A comprehension can choose by success."""
        self.assertEqual(body(self.app, "/chosen", self.good(1), self.good(2)), "[1,2]\n")

    def test_any_and_all(self):
        """``any`` and ``all`` take a response for its success, which is looked at by that."""
        found = body(self.app, "/among", FAILED, self.good(1))
        self.assertEqual(found, "[false,false,true,false]\n")

    def test_all_of_a_response(self):
        """Code, kind, truth and text of a response."""
        self.assertEqual(
            body(self.app, "/code", FAILED), '[4,false,false,"4:broken:None:False","broken"]\n'
        )

    def test_returned_response(self):
        """A response that is returned stands for its value."""
        self.assertEqual(body(self.app, "/whole", self.good(7)), "7\n")
        self.assert_fails("/whole", "broken", FAILED)

    def test_unknown_attribute(self):
        """A response has no other attributes."""
        told = "getattr: response has no attribute 'other'"
        self.assert_fails("/nothing", told, self.good(1))

    def test_refused_call(self):
        """A call that is refused ends the handler with the reason."""
        refused = CallAnswer(call=1, error="not permitted", refused=True)
        self.assert_fails("/tested", "not permitted", refused)

    def test_output(self):
        """The app's own functions can answer in the same way."""
        self.assertEqual(body(self.app, "/out"), '"failed: helper failed"\n')

    def test_plain_structs(self):
        """Structs that are no responses keep their fields and their truth."""
        self.assertEqual(body(self.app, "/plain"), '[1,"",2,false,5,"a\\"b"]\n')

    def test_records(self):
        """The last audit record is written when the handler ends, with how; print is passed on."""
        for answer, failed in ((self.good(1), False), (FAILED, True)):
            daemon = FakeDaemon(answer)
            try:
                self.app.respond(a_request("/keeps"), daemon)
            except AppFault:
                self.assertTrue(failed)
            self.assertEqual(daemon.records, [("op", "target", "why", failed)])
            self.assertEqual(daemon.said, ["said 1 [2]"])

    def streamed(self, path, *items, **request):
        daemon = FakeDaemon(CallAnswer(call=1, stream=9))
        daemon.items = [
            CallAnswer(call=1, value=[item], more=index < len(items))
            for index, item in enumerate(items, 1)
        ]
        reply = self.app.respond(a_request(path, **request), daemon)
        return dict(reply.headers)["Content-Type"], b"".join(reply.body).decode()

    def test_streams(self):
        """A stream is shown item by item, in the manner of its route."""
        self.assertEqual(
            self.streamed("/stream", {"a": 1}, 2), ("application/json", '{"a":1}\n2\n')
        )
        self.assertEqual(
            self.streamed("/text", "one", 2), ("text/plain; charset=utf-8", "one\n2\n")
        )
        self.assertEqual(
            self.streamed("/page", "<", "b"),
            ("text/html; charset=utf-8", f"<li>&lt;</li><li>b</li>{STREAM_END}"),
        )
        self.assertEqual(
            self.streamed("/page", "<", headers=HTMX),
            ("text/html; charset=utf-8", f"&lt;{STREAM_END}"),
        )
        self.assertEqual(
            self.streamed("/raw", "<hr>"), ("text/html; charset=utf-8", f"<hr>{STREAM_END}")
        )

    def test_value_of_a_stream(self):
        """A stream has no value."""
        self.assert_fails(
            "/value", "response is a stream, it has no value", CallAnswer(call=1, stream=9)
        )


class NoteTests(SynchronousTestCase):
    def test_missing_files(self):
        """What a build should have put into the source is told when it is not there."""
        text = (
            'app = ace.app("A", style = ace.style("daisyui"),'
            ' libraries = ["https://cdn.example.com/x/lit.js", ace.library("chart", "4.1")])'
        )
        self.assertEqual(
            said(text, {"gen/lib/lit.js": "x"}),
            [
                f"app.star:1:1: static/gen/{name} is missing: build it and add it to the source"
                for name in ("css/style.css", "esm/chart-4.1.js")
            ],
        )

    def test_unknown_style(self):
        """A style library that there is not is refused."""
        fault = self.assertRaises(AppFault, star, 'app = ace.app("A", style = ace.style("other"))')
        self.assertEqual(fault.message, "invalid style library config : other")
