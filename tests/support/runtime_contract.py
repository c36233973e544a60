"""What every runtime promises, for hosts in memory and for those that are processes."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from zope.interface.verify import verifyObject

from clace.errors import (
    AppBroken,
    AppFailed,
    AppNotApproved,
    AppTimedOut,
    CallNotApproved,
    NoSuchRoute,
)
from clace.interfaces import AuditedSource, IRuntime, PluginAnswer
from clace.model.app import AppMetadata, Demands, Permission, VersionMetadata
from clace.model.params import AppParam
from clace.model.traffic import AppResponse
from clace.runtime.limits import HostLimits, limits_for_all
from clace.runtime.runtime import Runtime
from tests.support.apps import HELLO, DictFiles, a_request, an_app
from tests.support.plugins import Function, MemoryAudit, MemoryGate

LIMITS = limits_for_all(HostLimits(request_seconds=2, start_seconds=6, grace_seconds=0.5))
BUSY = """
def spin(req):
    for a in range(1000000000):
        for b in range(1000000000):
            pass

app = ace.app("Busy", routes = [ace.api("/spin", handler = spin)])
"""
LISTS = """
load("fs.in", "fs")

def handler(req):
    found = fs.list("/tmp")
    if not found:
        return {"error": found.error}
    return {"files": found.value, "limit": fs.LIMIT}

def careless(req):
    return fs.list("/tmp").value

def blind(req):
    fs.list("/tmp")
    return "seen nothing"

app = ace.app("Lists", routes = [
    ace.api("/", handler = handler),
    ace.api("/careless", handler = careless),
    ace.api("/blind", handler = blind),
], permissions = [ace.permission("fs.in", "list", ["/tmp"], type = "READ")])
"""
FETCHES = """
load("http.in", "http")

def handler(req):
    found = http.get(req.Query["url"][0]).value
    return [found.url, found.status_code, found.headers, found.encoding, found.body()]

def decoded(req):
    return http.get(req.Query["url"][0]).value.json()["list"]

def rows(req):
    return [row.name for row in http.options("").value]

app = ace.app("Fetches", routes = [
    ace.api("/", handler = handler),
    ace.api("/json", handler = decoded),
    ace.api("/rows", handler = rows),
])
"""
STREAMS = """
load("exec.in", "exec")

def handler(req):
    return exec.run("tail", stream = True)

app = ace.app("Streams", routes = [ace.api("/", handler = handler, type = "TEXT")])
"""


async def whole(answer: AppResponse) -> bytes:
    """The body of an answer, also if it comes in pieces."""
    if isinstance(answer.body, bytes):
        return answer.body
    return b"".join([piece async for piece in answer.body])


class Houses:
    """Runtimes over apps from dicts; ``make_runtime`` says of which kind."""

    make_runtime: Callable[..., Runtime]
    limits = LIMITS

    def house(
        self, texts: dict[str, str], functions: dict[tuple[str, str], Function] | None = None
    ):
        """A started runtime that serves these files for every app."""
        self.files = DictFiles(texts)
        self.gate = MemoryGate(functions)
        self.audit_log = MemoryAudit()

        async def files_for(_app):
            return self.files

        runtime = self.make_runtime(self.limits, self.gate, self.audit_log, files_for)
        runtime.startService()
        self.addCleanup(runtime.stopService)
        return runtime

    async def refusal(self, work, kind):
        """The error of this kind that ``work`` ends with."""
        try:
            await work
        except kind as error:
            return error
        return self.fail(f"no {kind.__name__}")


class RuntimeContract(Houses):
    """Mixed into trial test cases."""

    def test_fills_the_seam(self):
        """It is an IRuntime."""
        verifyObject(IRuntime, self.house(HELLO))

    async def test_answers_with_a_page(self):
        """An app is loaded for its first request; what came in is escaped in its page."""
        runtime = self.house(HELLO)
        answer = await runtime.respond(an_app(), a_request(query={"name": ["<b>"]}))
        self.assertEqual((answer.status, answer.body), (200, b"<h1>Hello &lt;b&gt;</h1>"))
        self.assertIn(("Content-Type", "text/html; charset=utf-8"), answer.headers)

    async def test_answers_with_json(self):
        """An API route answers with JSON."""
        answer = await self.house(HELLO).respond(an_app(), a_request("/api"))
        self.assertEqual(answer.body, b'{"name":"world"}\n')

    async def test_knows_what_is_not_there(self):
        """A path without a route is a 404, a route with another method a 405 that names it."""
        runtime = self.house(HELLO)
        missing = await runtime.respond(an_app(), a_request("/nothing"))
        wrong = await runtime.respond(an_app(), a_request("/", "POST"))
        head = await runtime.respond(an_app(), a_request("/", "HEAD"))
        self.assertEqual((missing.status, missing.body), (404, b"404 page not found\n"))
        self.assertEqual((wrong.status, wrong.body, head.status), (405, b"", 200))
        self.assertEqual(wrong.headers, (("Allow", "GET, HEAD"),))

    async def test_refuses_by_method_and_path(self):
        """What no route and no file can answer is known without asking the app."""
        regex = """
app = ace.app("Regex", custom_layout = True, routes = [
    ace.api("/n/{id:[0-9]+}", handler = lambda req: 1)
])
"""
        runtime = self.house({**HELLO, "static/a.txt": "a"})
        app = an_app()
        wrong = await runtime.refusal(app, "POST", "/")
        self.assertEqual((wrong.status, wrong.headers), (405, (("Allow", "GET, HEAD"),)))
        self.assertEqual((await runtime.refusal(app, "POST", "/nothing")).status, 404)
        self.assertEqual((await runtime.refusal(app, "POST", "/static/a.txt")).status, 405)
        for method, path in (("GET", "/api"), ("HEAD", "/"), ("GET", "/static/a.txt")):
            self.assertIsNone(await runtime.refusal(app, method, path))
        await self.refusal(runtime.refusal(app, "POST", "/static/none"), NoSuchRoute)
        runtime = self.house({"app.star": regex})
        for path in ("/n/1", "/n/x"):
            self.assertIsNone(await runtime.refusal(app, "POST", path))

    async def test_broken_app(self):
        """An app that does not load is told with file, line and reason."""
        runtime = self.house({"app.star": "\nload('x.star', 'y')\n"})
        error = await self.refusal(runtime.respond(an_app(), a_request()), AppBroken)
        self.assertEqual(error.message, "app.star:2:1: cannot load x.star: file does not exist")

    async def test_failing_handler(self):
        """A handler that fails is told with its message, and the app goes on."""
        runtime = self.house(
            {
                "app.star": 'def bad(req):\n    fail("oh", "no")\n'
                'app = ace.app("a", routes = [ace.api("/", bad), ace.api("/good")])'
            }
        )
        error = await self.refusal(runtime.respond(an_app(), a_request()), AppFailed)
        self.assertEqual(error.message, "fail: oh no")
        good = await runtime.respond(an_app(), a_request("/good"))
        self.assertEqual(good.body, b"{}\n")

    async def test_place_of_a_failure(self):
        """What fails in production is told with the line, and with the route it was asked by."""
        text = """
def divide(req):
    n = int(req.UrlParams["n"])
    return 1 // n

app = ace.app("a", routes = [ace.api("/divide/{n}", divide)])
"""
        runtime = self.house({"app.star": text})
        error = await self.refusal(runtime.respond(an_app(), a_request("/divide/0")), AppFailed)
        self.assertEqual((error.place, error.route), ("app.star:4:14", "/divide/{n}"))

    async def test_handled_failure(self):
        """What the app's error handler has answered comes with the failure it was called for."""
        text = """
def bad(req):
    fail("oh no")

def error_handler(req, error):
    return "sorry"

app = ace.app("a", routes = [ace.api("/", bad)])
"""
        answer = await self.house({"app.star": text}).respond(an_app(), a_request())
        self.assertEqual((answer.status, answer.body), (200, b'"sorry"\n'))
        self.assertEqual(
            (answer.fault.message, answer.fault.place), ("fail: oh no", "app.star:3:9")
        )

    async def test_load_that_is_not_approved(self):
        """An app that loads what was not approved for it is told from one that is broken."""
        runtime = self.house({"app.star": LISTS}, {("fs.in", "list"): lambda _: 1})
        error = await self.refusal(runtime.respond(an_app(), a_request()), AppNotApproved)
        self.assertIn("not permitted to load plugin fs.in", error.message)

    async def test_endless_handler(self):
        """A handler that does not end is stopped in its time; the next request is answered."""
        runtime = self.house({"app.star": BUSY.replace("])", ', ace.api("/good")])')})
        await self.refusal(runtime.respond(an_app(), a_request("/spin")), AppTimedOut)
        good = await runtime.respond(an_app(), a_request("/good"))
        self.assertEqual(good.status, 200)

    async def test_audit(self):
        """An audit tells name, loads, permissions and params, whatever was approved, and calls
        nothing.
        """
        files = {"app.star": LISTS, "params.star": 'param("size", INT, default = 3)\n'}
        runtime = self.house(files, {("fs.in", "list"): lambda *_: 1})
        audited = await runtime.audit(an_app(), self.files)
        permission = Permission("fs.in", "list", ("/tmp",), is_read=True)
        size = AppParam(name="size", type="INT", default="3")
        expected = AuditedSource("Lists", Demands(("fs.in",), (permission,)), (size,))
        self.assertEqual(audited, expected)
        self.assertEqual(self.gate.calls, [])

    async def test_unapproved_load(self):
        """An app cannot load what was not approved for it."""
        runtime = self.house({"app.star": LISTS}, {("fs.in", "list"): lambda *_: 1})
        error = await self.refusal(runtime.respond(an_app(), a_request()), AppBroken)
        self.assertEqual(
            error.message,
            "app.star:2:1: app /test is not permitted to load plugin fs.in."
            " Audit the app and approve permissions",
        )

    async def fetched(self, path, body):
        """What an app makes of a document with this body."""
        document = {
            "url": "http://a.test/",
            "status_code": 200,
            "headers": {"A": "b,c"},
            "encoding": "utf-8",
            "body": body,
        }
        functions = {
            ("http.in", "get"): lambda _url: PluginAnswer(value=document, shape="document"),
            ("http.in", "options"): lambda _url: PluginAnswer(
                value=[{"name": "a"}, {"name": "b"}], shape="struct"
            ),
        }
        runtime = self.house({"app.star": FETCHES}, functions)
        request = a_request(path, query={"url": ["http://a.test/"]})
        return await runtime.respond(an_app(loads=("http.in",)), request)

    async def test_document(self):
        """A document that a plugin gives has attributes, and its text by a function."""
        answer = await self.fetched("/", "text")
        self.assertEqual(answer.body, b'["http://a.test/",200,{"A":"b,c"},"utf-8","text"]\n')

    async def test_document_decoded(self):
        """A document can be read as JSON; one that is none fails the request and says so."""
        answer = await self.fetched("/json", '{"list": [1, null, 2.5, "\\u00e4"]}')
        self.assertEqual(answer.body, '[1,null,2.5,"\u00e4"]\n'.encode())
        for broken in ("<html>", "", '{"list": NaN}', "{} {}"):
            error = await self.refusal(self.fetched("/json", broken), AppFailed)
            self.assertIn("the body is no JSON: ", error.message)

    async def test_structs(self):
        """Each of several structs that a plugin gives has its attributes."""
        self.assertEqual((await self.fetched("/rows", "")).body, b'["a","b"]\n')

    async def test_plugin_call(self):
        """A call is made for the app and user of the request, and its scope ended with it."""
        runtime = self.house({"app.star": LISTS}, {("fs.in", "list"): lambda path: [path]})
        app = an_app(loads=("fs.in",))
        answer = await runtime.respond(app, a_request(user_id="admin", request_id="r1"))
        self.assertEqual(answer.body, b'{"files":["/tmp"],"limit":5}\n')
        (scope,) = self.gate.scopes
        self.assertEqual((scope.caller.app, scope.caller.user_id), (app, "admin"))
        self.assertEqual((scope.caller.request_id, scope.ended), ("r1", True))

    async def test_failed_plugin_call(self):
        """An error of a plugin is the app's to handle; unhandled it is the request's."""
        failing = {("fs.in", "list"): lambda _: PluginAnswer(error="no such folder", error_code=1)}
        runtime = self.house({"app.star": LISTS}, failing)
        app = an_app(loads=("fs.in",))
        answer = await runtime.respond(app, a_request())
        self.assertEqual(answer.body, b'{"error":"no such folder"}\n')
        for path in ("/careless", "/blind"):
            error = await self.refusal(runtime.respond(app, a_request(path)), AppFailed)
            self.assertEqual(error.message, "no such folder")

    async def test_refused_plugin_call(self):
        """A call that is not covered ends the handler."""
        runtime = self.house(
            {"app.star": LISTS.replace("fs.list", "fs.find")}, {("fs.in", "find"): lambda _: 1}
        )
        loaded = await runtime.load(an_app(loads=("fs.in",)), self.files)
        runtime.publish(an_app(loads=("fs.in",)), loaded)
        self.gate.functions.clear()
        error = await self.refusal(runtime.respond(an_app(), a_request()), CallNotApproved)
        self.assertIn("is not permitted to call", error.message)
        self.assertTrue(error.place.startswith("app.star:"), error.place)

    async def test_refused_calls_are_audited(self):
        """A refused call is an event with function, user and request, at a bounded rate."""
        runtime = self.house({"app.star": LISTS}, {("fs.in", "list"): lambda _: 1})
        app = an_app(loads=("fs.in",))
        runtime.publish(app, await runtime.load(app, self.files))
        self.gate.functions.clear()
        for number in range(70):
            asked = a_request(user_id="bob", request_id=f"rid_{number}")
            await self.refusal(runtime.respond(app, asked), CallNotApproved)
        events = self.audit_log.events
        self.assertEqual(
            (events[0].operation, events[0].target, events[0].status, events[0].app_id),
            ("plugin_refused", "fs.in.list", "Failed", app.id),
        )
        self.assertEqual((events[0].user_id, events[0].rid), ("bob", "rid_0"))
        self.assertIn("is not permitted to call", events[0].detail)
        self.assertEqual(len(events), 61)
        self.assertIn("more than 60 refused calls in a minute", events[-1].detail)

    async def test_leaked_resource(self):
        """What a handler has to close and does not fails its request."""
        runtime = self.house({"app.star": LISTS}, {("fs.in", "list"): lambda _: 1})
        self.gate.leaks = ["fs.in:rows"]
        work = runtime.respond(an_app(loads=("fs.in",)), a_request())
        error = await self.refusal(work, AppFailed)
        self.assertEqual(
            error.message, "resource has not be closed, check handler code: fs.in:rows"
        )

    async def test_stream(self):
        """A plugin's stream is passed on item by item, and its scope ended after the last."""
        runtime = self.house(
            {"app.star": STREAMS}, {("exec.in", "run"): lambda *_, **__: PluginAnswer(stream=3)}
        )
        self.gate.streams[3] = ["one", "two"]
        answer = await runtime.respond(an_app(loads=("exec.in",)), a_request())
        self.assertEqual(await whole(answer), b"one\ntwo\n")
        self.assertTrue(self.gate.scopes[0].ended)

    async def test_failing_stream(self):
        """A producer that fails midway fails the body: it does not look complete."""
        runtime = self.house(
            {"app.star": STREAMS}, {("exec.in", "run"): lambda *_, **__: PluginAnswer(stream=3)}
        )
        self.gate.streams[3] = ["one", ValueError("lost")]
        answer = await runtime.respond(an_app(loads=("exec.in",)), a_request())
        await self.refusal(whole(answer), AppFailed)

    async def test_stream_failing_at_once(self):
        """A producer that fails before its first item fails the request."""
        runtime = self.house(
            {"app.star": STREAMS}, {("exec.in", "run"): lambda *_, **__: PluginAnswer(stream=3)}
        )
        self.gate.streams[3] = [ValueError("lost")]
        work = runtime.respond(an_app(loads=("exec.in",)), a_request())
        error = await self.refusal(work, AppFailed)
        self.assertEqual(error.message, "lost")

    async def test_publish(self):
        """What is published answers from then on; what was discarded never does."""
        runtime = self.house(HELLO)
        await runtime.respond(an_app(), a_request())
        newer = DictFiles({**HELLO, "index.go.html": "<h1>Newer</h1>"})
        (await runtime.load(an_app(), newer)).discard()
        self.assertIn(b"Hello", (await runtime.respond(an_app(), a_request())).body)
        loaded = await runtime.load(an_app(), newer)
        self.assertIn(b"Hello", (await runtime.respond(an_app(), a_request())).body)
        runtime.publish(an_app(), loaded)
        self.assertIn(b"Newer", (await runtime.respond(an_app(), a_request())).body)

    async def test_load_of_a_broken_version(self):
        """A version that does not load is refused and leaves the app as it is."""
        runtime = self.house(HELLO)
        await self.refusal(runtime.load(an_app(), DictFiles({"app.star": "x = "})), AppBroken)
        await self.refusal(runtime.load(an_app(), DictFiles({})), AppBroken)
        self.assertEqual((await runtime.respond(an_app(), a_request())).status, 200)

    async def test_retract(self):
        """An app that was retracted is loaded anew, from the files that it has then."""
        runtime = self.house(HELLO)
        await runtime.respond(an_app(), a_request())
        self.files = DictFiles({**HELLO, "index.go.html": "<h1>Newer</h1>"})
        runtime.retract("app_prd_1")
        self.assertIn(b"Newer", (await runtime.respond(an_app(), a_request())).body)

    async def test_renew(self):
        """An app that was renewed is loaded anew, as it is then."""
        text = """
def handler(req):
    return ace.config("_branch", "none")

app = ace.app("Branch", routes = [ace.api("/")])
"""
        runtime = self.house({"app.star": text})
        runtime.renew(an_app())
        self.assertEqual((await runtime.respond(an_app(), a_request())).body, b'"none"\n')
        on_branch = AppMetadata(version_metadata=VersionMetadata(git_branch="main"))
        newer = replace(an_app(), metadata=on_branch)
        runtime.renew(newer)
        self.assertEqual((await runtime.respond(newer, a_request())).body, b'"main"\n')

    async def test_static_file(self):
        """A static file is served under the name with its hash that the app's pages use."""
        runtime = self.house(
            {**HELLO, "index.go.html": '{{ static "a.css" }}', "static/a.css": "p{}"}
        )
        page = await runtime.respond(an_app(), a_request())
        path = page.body.decode().removeprefix("/test")
        answer = await runtime.respond(an_app(), a_request(path))
        self.assertEqual((answer.status, answer.body), (200, b"p{}"))
        missing = runtime.respond(an_app(), a_request("/static/b.css"))
        await self.refusal(missing, NoSuchRoute)

    async def test_audit_record(self):
        """What an app asks to have recorded says for whom and how it ended."""
        texts = {
            "app.star": "def handler(req):\n"
            '    ace.audit("sell", "car", "red")\n'
            '    print("sold")\n'
            'app = ace.app("a", routes = [ace.api("/")])'
        }
        runtime = self.house(texts)
        await runtime.respond(an_app(), a_request(user_id="bob"))
        (event,) = self.audit_log.events
        self.assertEqual(
            (event.operation, event.target, event.detail, event.status, event.user_id),
            ("sell", "car", "red", "Success", "bob"),
        )
