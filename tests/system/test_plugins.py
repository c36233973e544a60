"""Plugins as apps have them, on a real server: what calls come to, streams, files, and refusals."""

import contextlib
import http.client
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.plugin_packages import install_example
from tests.system.cases import SharedDaemonTestCase, runs

PROTOCOL = """
load("exec.in", "exec")

def sh(script, **options):
    return exec.run("sh", ["-c", script], **options)

def value(req):
    found = sh("echo one; echo two")
    return [found.value, found.error, found.error_code, found.is_stream, bool(found), str(found)]

def error(req):
    failed = sh("echo broken; exit 3", include_stderr = False)
    if failed.error:
        return [failed.error, failed.error_code]
    return "no error"

def truth(req):
    failed = sh("exit 3")
    return "seen" if not failed else "not seen"

def unseen(req):
    sh("exit 3")
    return "went on"

def careless(req):
    return sh("exit 3").value

def following(req):
    sh("exit 3")
    sh("true")
    return "went on"

def helper(script):
    found = sh(script)
    return ace.output(found.value) if found else ace.output(error = "helper: " + found.error)

def output(req):
    good, bad = helper("echo one"), helper("exit 3")
    return [good.value, bad.error, bool(bad)]

def missing(req):
    found = sh("true")
    return found.nothing

def documents(req):
    return sh("echo '{\\"a\\": 1}'; echo '{\\"a\\": 2}'", parse = "jsonlines").value

app = ace.app("Protocol", routes = [
    ace.api("/" + name, handler = function) for name, function in {
        "value": value, "error": error, "truth": truth, "unseen": unseen, "careless": careless,
        "following": following, "output": output, "missing": missing, "documents": documents,
    }.items()
], permissions = [ace.permission("exec.in", "run", ["sh"])])
"""
STREAMS = """
load("exec.in", "exec")

def lines(req):
    return exec.run("sh", ["-c", "echo one; echo '<two>'"], stream = True)

def documents(req):
    return exec.run("sh", ["-c", "echo '{\\"a\\": 1}'"], stream = True, parse = "jsonlines")

def touched(req):
    return exec.run("sh", ["-c", "echo one"], stream = True).value

def leak(req):
    exec.run("sh", ["-c", "echo one"], stream = True)
    return "done"

def failing(req):
    return exec.run("sh", ["-c", "echo one; sleep 0.2; exit 3"], stream = True)

def failing_at_once(req):
    return exec.run("sh", ["-c", "exit 3"], stream = True)

def endless(req):
    return exec.run("sh", ["-c", "echo $$; while :; do sleep 0.05; echo on; done"], stream = True)

def forgotten(req):
    exec.run("sh", ["-c", "echo one"], stdout_file = True)
    return exec.run("sh", ["-c", "echo two"], stdout_file = True).value

app = ace.app("Streams", custom_layout = True, routes = [
    ace.html("/page", partial = "line", handler = lines),
    ace.html("/raw", full = "-", handler = lines),
    ace.api("/touched", handler = touched),
    ace.api("/leak", handler = leak),
    ace.api("/documents", handler = documents),
    ace.api("/forgotten", handler = forgotten),
] + [ace.api("/" + name, handler = function, type = ace.TEXT) for name, function in {
    "lines": lines, "failing": failing, "failing_at_once": failing_at_once, "endless": endless,
}.items()], permissions = [ace.permission("exec.in", "run", ["sh"])])
"""
FILES = """
load("exec.in", "exec")
load("fs.in", "fs")

def offer(req):
    made = exec.run("sh", ["-c", "echo report"], stdout_file = True).value
    return fs.serve_tmp_file(made, name = "r\\u00e9port.txt", mime_type = "text/plain").value

def other(req):
    return fs.serve_tmp_file(req.Query["path"][0]).value

app = ace.app("Files", routes = [ace.api("/", handler = offer), ace.api("/other", handler = other)],
    permissions = [
        ace.permission("exec.in", "run", ["sh"]), ace.permission("fs.in", "serve_tmp_file")])
"""
FETCHES = """
load("http.in", "http")

BASE = "http://127.0.0.1:PORT"

def get(req):
    found = http.get(BASE + "/json", params = {"q": "<a>"}, headers = {"X-Api": "v1"}).value
    return [found.status_code, found.url, found.headers["Content-Type"], found.json()]

def text(req):
    return http.get(BASE + "/text").value.body()

def no_json(req):
    return http.get(BASE + "/text").value.json()

def not_found(req):
    failed = http.get(BASE + "/nothing")
    kept = http.get(BASE + "/nothing", error_on_fail = False) if failed.error else None
    return [failed.error, kept.value.status_code]

def post(req):
    return http.post(BASE + "/json", json_body = {"a": [1, None]}).value.json()

def away(req):
    return http.get(BASE + "/away").value.body()

def other_header(req):
    return http.get(BASE + "/json", headers = {"Cookie": "a"}).value

def inside(req):
    return http.options(BASE + "/json").value.body()

def nobody(req):
    return http.head(BASE + "/json").value.status_code

def events(req):
    return http.get(BASE + "/events", stream = True)

def all_text(req):
    return [line for line in http.get(BASE + "/text", stream = True)]

def leak(req):
    http.get(BASE + "/events", stream = True)
    return "done"

app = ace.app("Fetches", routes = [
    ace.api("/" + name, handler = function) for name, function in {
        "get": get, "text": text, "no_json": no_json, "not_found": not_found, "post": post,
        "away": away, "other_header": other_header, "inside": inside, "nobody": nobody,
        "all_text": all_text, "leak": leak,
    }.items()
] + [ace.api("/events", handler = events, type = ace.TEXT)], permissions = [
    ace.permission("http.in", "get", ["regex:http://127\\\\.0\\\\.0\\\\.1:PORT/.*"],
        kwargs = {"headers": {"X-Api": "regex:v[0-9]"}}),
    ace.permission("http.in", "post", ["http://127.0.0.1:PORT/json"]),
    ace.permission("http.in", "options", ["regex:http://.*"]),
    ace.permission("http.in", "head", ["http://127.0.0.1:PORT/json"], permit = ["fetch"]),
])
"""


ACCOUNTS = """
load("http.in#work", "http")

def handler(req):
    return http.get("http://127.0.0.1:PORT/text").value.body()

app = ace.app("Accounts", routes = [ace.api("/", handler = handler)],
    permissions = [ace.permission("http.in#work", "get", ["regex:http://.*"])])
"""


CLACE = """
load("clace.in", "clace")

def handler(req):
    apps = clace.list_apps(path = "/ClaceTests*").value
    clace.list_all_apps(include_internal = True).value
    return [{name: app[name] for name in ("name", "path", "url", "auth", "version")}
            for app in apps]

def events(req):
    ace.audit("deploy", "target", "detail")
    found = clace.list_audit_events(
        app_glob = req.AppPath, operation = req.Query["operation"][0]).value
    return [[event["app_path"], event["target"], event["detail"]] for event in found]

def operations(req):
    return clace.list_operations().value

app = ace.app("Clace", routes = [
    ace.api("/", handler = handler), ace.api("/events", handler = events),
    ace.api("/operations", handler = operations),
], permissions = [ace.permission("clace.in", name) for name in (
    "list_apps", "list_all_apps", "list_audit_events", "list_operations")])
"""
PROXY = """
load("proxy.in", "proxy")

def handler(req):
    return proxy.config("http://127.0.0.1:1/", strip_path = "/a").value.strip_path

app = ace.app("Proxy", routes = [ace.api("/", handler = handler)],
    permissions = [ace.permission("proxy.in", "config", ["regex:http://.*"])])
"""
GREETS = """
load("greet.in", "greet")
load("greet.in#loud", loud = "greet")

def handler(req):
    return [greet.greet(greet.WORLD).value, loud.greet("you", loud = True).value]

app = ace.app("Greets", routes = [ace.api("/", handler = handler)], permissions = [
    ace.permission("greet.in", "greet"), ace.permission("greet.in#loud", "greet", ["you"])])
"""


class Service(BaseHTTPRequestHandler):
    """What the app fetches: JSON of the request, a text, a redirect to elsewhere, and lines that
    drip until nobody wants them.
    """

    def do_GET(self):
        if self.path.startswith("/json"):
            length = int(self.headers.get("Content-Length", 0))
            told = {"path": self.path, "api": self.headers["X-Api"]}
            if length:
                told["sent"] = json.loads(self.rfile.read(length))
            self.answer(200, json.dumps(told), "application/json")
        elif self.path == "/text":
            self.answer(200, "caf\xe9", "text/plain; charset=utf-8")
        elif self.path == "/events":
            self.drip()
        elif self.path == "/away":
            self.answer(302, "", "text/plain", Location="http://localhost/elsewhere")
        else:
            self.answer(404, "nothing here", "text/plain")

    do_POST = do_HEAD = do_GET

    def drip(self):
        self.server.dripping.set()
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            for number in range(1000):
                self.wfile.write(f"data: {number}\n".encode())
                self.server.left.wait(0.02)
        self.server.dripping.clear()

    def answer(self, status, text, content_type, **headers):
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": content_type, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class PluginTestCase(SharedDaemonTestCase):
    def install(self, text, files=None, auth="system"):
        """The app installed at a path of this test's own, which is returned."""
        path = f"/{type(self).__name__}-{self._testMethodName}"
        folder = self.source({"app.star": text, **(files or {})})
        self.daemon.install(folder, path, auth=auth, approve=True)
        return path

    def value(self, path):
        answer = self.daemon.get(path)
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def failure(self, path, **options):
        """The text of a failure, without its place and its request."""
        answer = self.daemon.get(path, **options)
        self.assertEqual(answer.status, 500, answer.body)
        told, found = re.subn(r"(?: at [\w.]+:\d+:\d+)?, request rid_\w+", "", answer.body)
        self.assertEqual(found, 1, answer.body)
        return told


class ProtocolTests(PluginTestCase):
    def test_answers(self):
        """What a call comes to has a value, an error and a code, is true or not, and is a text."""
        path = self.install(PROTOCOL)
        self.assertEqual(
            self.value(f"{path}/value"),
            [["one", "two"], None, 0, False, True, '0::["one", "two"]:False'],
        )
        self.assertEqual(self.value(f"{path}/error"), ["exit status 3", 1])
        self.assertEqual(self.value(f"{path}/truth"), "seen")
        self.assertEqual(self.value(f"{path}/documents"), [{"a": 1}, {"a": 2}])
        self.assertEqual(self.value(f"{path}/output"), [["one"], "helper: exit status 3", False])

    def test_unseen_errors(self):
        """An error that the app did not look at fails the value, the next call, or the request."""
        path = self.install(PROTOCOL)
        for name, told in (
            ("unseen", "exit status 3"),
            ("careless", "exit status 3"),
            ("following", "previous plugin call failed: exit status 3"),
        ):
            self.assertEqual(self.failure(f"{path}/{name}").strip(), told)

    def test_unknown_attribute(self):
        """What an answer has not is named."""
        path = self.install(PROTOCOL)
        self.assertIn("no attribute", self.failure(f"{path}/missing"))


class StreamTests(PluginTestCase):
    def setUp(self):
        super().setUp()
        page = '{{ define "line" }}<p>{{ .Data }}</p>{{ end }}<b>{{ .Data }}</b>'
        self.path = self.install(STREAMS, {"index.go.html": page})

    def text(self, path, **headers):
        answer = self.daemon.get(self.path + path, headers=headers)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertNotIn("Content-Length", answer.headers)
        return answer.body

    def test_kinds(self):
        """A stream is lines of text or JSON, or each item in a template and escaped, or raw."""
        end = "<!--cl_stream_end-->\n\n"
        self.assertEqual(self.text("/lines"), "one\n<two>\n")
        self.assertEqual(self.text("/documents"), '{"a":1}\n')
        self.assertEqual(self.text("/page"), f"<b>one</b><b>&lt;two&gt;</b>{end}")
        partial = self.text("/page", **{"HX-Request": "true"})
        self.assertEqual(partial, f"<p>one</p><p>&lt;two&gt;</p>{end}")
        self.assertEqual(self.text("/raw"), f"one<two>{end}")

    def test_misuse(self):
        """A stream has no value, and one that is left open fails the request."""
        self.assertIn("stream", self.failure(f"{self.path}/touched"))
        self.assertEqual(
            self.failure(f"{self.path}/leak").strip(),
            "resource has not be closed, check handler code: exec.in:run_stream",
        )

    def test_failing_producer(self):
        """A stream that breaks off looks broken; one that never begins is an error."""
        self.assertIn("exit status 3", self.failure(f"{self.path}/failing_at_once"))
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.daemon.get(f"{self.path}/failing")
        self.assertEqual(caught.exception.partial, b"one\n")

    def test_client_leaves(self):
        """The program of a stream ends when nobody listens any more."""
        pending = self.daemon.begin("GET", f"{self.path}/endless")
        pid = int(pending.connection.getresponse().readline())
        self.assertTrue(runs(pid))
        pending.connection.close()
        self.wait_until("the program has ended", lambda: not runs(pid))

    def test_files(self):
        """A file that a program wrote goes with the request, however many there are."""
        file = Path(self.value(f"{self.path}/forgotten"))
        self.assertEqual(file.parent, self.daemon.home / "run" / "tmp")
        self.wait_until("the files are gone", lambda: not list(file.parent.iterdir()))


class FileTests(PluginTestCase):
    def test_download(self):
        """A file that is offered is fetched once from its URL, by who asked for it."""
        path = self.install(FILES)
        offered = self.value(path)
        self.assertEqual(offered["name"], "r\xe9port.txt")
        url = offered["url"]
        self.assertTrue(url.startswith(f"{path}/_clace_app/file/usr_file_"), url)
        self.assertEqual(self.daemon.get(url, login=None).status, 401)
        answer = self.daemon.get(url)
        self.assertEqual((answer.status, answer.body), (200, "report\n"))
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain"))
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertEqual(self.daemon.get(url).status, 404)
        folder = self.daemon.home / "run" / "tmp"
        self.wait_until("the file is gone", lambda: not list(folder.iterdir()))

    def test_other_file(self):
        """A file outside of the configured folders is not offered, nor one of the server's own,
        although its home is in ``/tmp``.
        """
        path = self.install(FILES)
        for other in ("/etc/passwd", self.daemon.config):
            told = self.failure(f"{path}/other?path={other}")
            self.assertIn(f"file access denied for {other}", told)


UPLOADS = """
load("exec.in", "exec")
load("fs.in", "fs")

def count(req):
    found = [
        [file["name"], file["size"], exec.run("wc", ["-c", file["path"]]).value[0].split(" ")[0]]
        for file in req.Files.get("f", [])]
    return {"files": found, "form": req.Form.get("note"), "is_path": [
        file["path"] for file in req.Files.get("f", [])] == req.Form.get("f")}

def keep(req):
    return fs.serve_tmp_file(req.Files["f"][0]["path"], "kept.bin").value["url"]

app = ace.app("Uploads", routes = [
        ace.api("/count", count, method = "POST"), ace.api("/keep", keep, method = "POST")],
    permissions = [
        ace.permission("exec.in", "run", ["wc"]), ace.permission("fs.in", "serve_tmp_file")])
"""


class UploadTests(PluginTestCase):
    def send(self, path, *files):
        """The answer to a form with these files."""
        said = [b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n']
        for name, content in files:
            head = f'--x\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\n'
            said.append(head.encode() + content + b"\r\n")
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        body = b"".join(said) + b"--x--\r\n"
        answer = self.daemon.ask("POST", path, headers=kind, body=body)
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def left(self):
        return list((self.daemon.home / "run" / "tmp").glob("clace-upload-*"))

    def test_files_of_a_form(self):
        """A program reads the files of a form, which are gone when it is answered."""
        path = self.install(UPLOADS)
        large = b"\x00\xff" * 1_500_000
        found = self.send(f"{path}/count", ("../a.bin", large), ("b.txt", b""))
        files = [["a.bin", len(large), str(len(large))], ["b.txt", 0, "0"]]
        self.assertEqual(found, {"files": files, "form": ["hello"], "is_path": True})
        self.wait_until("the files are gone", lambda: not self.left())

    def test_file_that_is_kept(self):
        """A file of a form can be offered for download, and stays until it was fetched."""
        path = self.install(UPLOADS)
        url = self.send(f"{path}/keep", ("a.txt", b"kept"))
        self.assertEqual(len(self.left()), 1)
        self.assertEqual(self.daemon.get(url).body, "kept")
        self.wait_until("the file is gone", lambda: not self.left())


class HTTPTestCase(PluginTestCase):
    def setUp(self):
        super().setUp()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        self.server.dripping, self.server.left = threading.Event(), threading.Event()
        self.port = self.server.server_port
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.left.set)


class HTTPTests(HTTPTestCase):
    def fetches(self, **options):
        return self.install(FETCHES.replace("PORT", str(self.port)), **options)

    def test_answers(self):
        """An answer of another server has its parts, its text, and what its JSON says."""
        path = self.fetches()
        base = f"http://127.0.0.1:{self.port}"
        self.assertEqual(
            self.value(f"{path}/get"),
            [
                200,
                f"{base}/json?q=%3Ca%3E",
                "application/json",
                {"path": "/json?q=%3Ca%3E", "api": "v1"},
            ],
        )
        self.assertEqual(self.value(f"{path}/text"), "caf\xe9")
        self.assertEqual(self.value(f"{path}/post")["sent"], {"a": [1, None]})
        self.assertIn("the body is no JSON: ", self.failure(f"{path}/no_json"))
        self.assertEqual(
            self.value(f"{path}/not_found"),
            ["http request failed with status code 404: 404 Not Found", 404],
        )
        self.assertNotIn("HTTP11ClientFactory", self.daemon.said())

    def assert_left(self):
        self.wait_until("the connection is closed", lambda: not self.server.dripping.is_set())

    def test_streams(self):
        """The lines of an answer arrive while it is made, and nothing goes on when nobody listens;
        an app that left a stream open is told.
        """
        path = self.fetches()
        pending = self.daemon.begin("GET", f"{path}/events")
        answer = pending.connection.getresponse()
        self.assertEqual([answer.readline() for _ in range(2)], [b"data: 0\n", b"data: 1\n"])
        self.assertTrue(self.server.dripping.is_set())
        pending.connection.close()
        self.assert_left()
        self.assertEqual(self.value(f"{path}/all_text"), ["caf\xe9"])
        self.assertEqual(
            self.failure(f"{path}/leak").strip(),
            "resource has not be closed, check handler code: http.in:get_stream",
        )
        self.assert_left()

    def test_refusals(self):
        """Nothing is fetched that no permission names: no redirect, no header, no inner host."""
        path = self.fetches()
        for name, told in (
            ("away", "redirect to http://localhost/elsewhere not allowed"),
            ("other_header", "with argument headers having key Cookie, expected X-Api"),
            ("inside", "access to 127.0.0.1 is not allowed, it is a loopback address"),
        ):
            self.assertIn(told, self.failure(f"{path}/{name}"))

    def test_permit(self):
        """What needs a permission of the user is for the administrator."""
        path = self.fetches(auth="none")
        told = self.failure(f"{path}/nobody", login=None)
        self.assertEqual(told.strip(), "the app could not answer")
        shown = json.loads(self.daemon.must("app", "show", "--format", "json", path))
        reason = shown["versions"][0]["failures"][0]["message"]
        self.assertIn("does not have any required permission [fetch]", reason)

    def test_permit_of_the_administrator(self):
        """The administrator holds all permissions."""
        self.assertEqual(self.value(f"{self.fetches()}/nobody"), 200)


class AccountTests(HTTPTestCase):
    config = '[plugin."http.in#inner"]\nallow_hosts = ["127.0.0.1"]\n'

    def test_journey(self):
        """An account is an error until it is linked, and has the settings of its section."""
        path = self.install(ACCOUNTS.replace("PORT", str(self.port)))
        told = self.failure(path)
        self.assertIn("http.in#work is neither configured nor linked to an account", told)
        self.assertEqual(
            self.daemon.refused("account", "link", "http.in#work", "outer", path),
            'error: there is no section [plugin."http.in#outer"] in the configuration\n',
        )
        self.assertEqual(
            self.daemon.must("account", "link", "http.in#work", "inner", path),
            f"Linked app {path}_cl_stage\n1 app(s) linked, 0 app(s) promoted.\n",
        )
        self.assertEqual(self.value(f"{path}_cl_stage"), "caf\xe9")
        self.assertIn("neither configured nor linked", self.failure(path))
        self.daemon.must("app", "promote", path)
        self.assertEqual(self.value(path), "caf\xe9")
        listed = self.daemon.must("account", "list", path)
        self.assertTrue(listed.endswith("\n  http.in#work: inner\n"), listed)
        self.daemon.must("account", "link", "--promote", "http.in#work", "-", path)
        self.assertIn("neither configured nor linked", self.failure(path))


class ClaceTests(PluginTestCase):
    def test_journey(self):
        """An app can show the apps that its user may use, and what was done."""
        path = self.install(CLACE)
        url = f"https://localhost:{self.daemon.ports['https']}{path}"
        self.assertEqual(
            self.value(path),
            [{"name": "Clace", "path": path, "url": url, "auth": "system", "version": 1}],
        )
        self.value(f"{path}/events?operation=deploy")
        self.assertEqual(
            self.value(f"{path}/events?operation=deploy"), [[path, "target", "detail"]]
        )
        operations = self.value(f"{path}/operations")
        self.assertLessEqual({"deploy", "create_app", "drop_approvals", "POST"}, {*operations})
        self.assertEqual(len(set(operations)), len(operations))


class ProxyTests(PluginTestCase):
    def test_config(self):
        """A configuration of a proxy can be made."""
        self.assertEqual(self.value(self.install(PROXY)), "/a")


class PackageTests(PluginTestCase):
    def test_journey(self):
        """The plugin of an installed package is used once it is enabled."""
        text = (
            '[plugins]\nenabled = ["greet.in"]\n[plugin."greet.in"]\ngreeting = "Hi"\n'
            '[plugin."greet.in#loud"]\n'
        )
        self.daemon = self.make_daemon(text)
        install_example(self.daemon.packages)
        self.daemon.start()
        path = self.install(GREETS)
        self.assertEqual(
            self.value(path), [f"Hi, world, from {path}", f"HELLO, YOU, FROM {path.upper()}"]
        )

    def test_not_installed(self):
        """A package that is not there stops the start with a line."""
        daemon = self.make_daemon('[plugins]\nenabled = ["greet.in"]\n')
        code, told = daemon.refusal()
        self.assertEqual(code, 1)
        self.assertIn(
            "error: [plugins] enabled: no installed package has a plugin greet.in\n", told
        )


class StagingTests(PluginTestCase):
    config = "[security]\nstage_enable_write_access = false\n"

    def test_write_gate(self):
        """A staging app that may not write is refused calls that do."""
        path = self.install(PROTOCOL)
        self.assertEqual(self.value(f"{path}/truth"), "seen")
        self.assertEqual(
            self.failure(f"{path}_cl_stage/value").strip(),
            f"stage app {path}_cl_stage is not permitted to call exec.in.run args [sh]."
            " Stage app does not have access to write operations",
        )
