"""Apps that are broken, that loop, that eat: they harm themselves, and are told why."""

import json
import sqlite3
from contextlib import closing
from select import select

from tests.system.cases import SharedDaemonTestCase

GOOD = 'app = ace.app("Good", routes = [ace.api("/", handler = lambda req: "{}")])\n'
BROKEN = "x = 1\napp = ace.app(nothing_of_that_name)\n"
STUCK = """
def number(req):
    return int(req.Query.get("n", ["1000000000"])[0])

def loop(req):
    for _ in range(number(req)):
        pass

def stuck(req):
    return len([n for n in range(number(req)) if n < 0])

def eat(req):
    eaten = []
    for n in range(number(req)):
        eaten.append(str(n) * 50000)
    return len(eaten)

def fail(req):
    return {}["missing"]

app = ace.app("Stuck", routes = [
    ace.api("/loop", handler = loop), ace.api("/stuck", handler = stuck),
    ace.api("/eat", handler = eat), ace.api("/fail", handler = fail),
    ace.api("/good", handler = lambda req: "good", type = ace.TEXT),
])
"""


def failures(daemon, app):
    """The lines of the log that are about requests on which an app failed."""
    log = (daemon.home / "logs" / "clace.json").read_text().splitlines()
    return [line for line in map(json.loads, log) if line.get("app") == app and "place" in line]


class BrokenTests(SharedDaemonTestCase):
    def test_create(self):
        """A source that does not load is refused with file and line, and nothing is there."""
        for name, files, told in (
            ("error", {"app.star": BROKEN}, "app.star:2:15: undefined: nothing_of_that_name"),
            ("syntax", {"app.star": "x = 1\n\ndef f(:\n"}, "app.star:3:8: got ':', want ')'"),
            ("no-app", {"app.star": "x = 1\n"}, "app"),
            ("no-file", {"index.go.html": ""}, "app.star"),
            (
                "template",
                {
                    "app.star": 'app = ace.app("T", custom_layout = True, '
                    'routes = [ace.html("/")])\ndef handler(req):\n    return {}\n',
                    "index.go.html": "<p>\n{{ if }}\n</p>",
                },
                "index.go.html:2",
            ),
        ):
            said = self.daemon.refused("app", "create", str(self.source(files)), f"/{name}")
            self.assertTrue(said.startswith("error: "), said)
            self.assertIn(told, said)
            self.assertNotIn("Traceback", said)
            self.assertEqual(self.daemon.get(f"/{name}").status, 404)

    def test_reload(self):
        """A broken source is refused, and the version before it keeps serving, also in staging."""
        folder = self.create("/mended", {"app.star": GOOD.replace("{}", "one")})
        self.source({"app.star": BROKEN}, folder)
        said = self.daemon.refused("app", "reload", "--promote", "/mended")
        self.assertIn("app.star:2:15: undefined: nothing_of_that_name", said)
        for path in ("/mended", "/mended_cl_stage"):
            self.assertEqual(self.daemon.get(path).body, '"one"\n')
        self.source({"app.star": GOOD.replace("{}", "two")}, folder)
        self.daemon.must("app", "reload", "--promote", "/mended")
        self.assertEqual(self.daemon.get("/mended").body, '"two"\n')

    def test_all_or_none(self):
        """One broken source among several, and none of them is reloaded."""
        folders = [
            self.create(f"all.example.com:/{name}", {"app.star": GOOD.replace("{}", "one")})
            for name in ("first", "second")
        ]
        self.source({"app.star": GOOD.replace("{}", "two")}, folders[0])
        self.source({"app.star": BROKEN}, folders[1])
        self.daemon.refused("app", "reload", "--promote", "all.example.com:**")
        for path in ("/first", "/second", "/first_cl_stage"):
            answer = self.daemon.get(path, headers={"Host": "all.example.com"})
            self.assertEqual(answer.body, '"one"\n')

    def test_handler(self):
        """A handler that fails is a 500 with its error; the next request is answered."""
        self.create("/fails", {"app.star": STUCK})
        answer = self.daemon.get("/fails/fail")
        self.assertEqual(answer.status, 500)
        self.assertIn("missing", answer.body)
        self.assertEqual(self.daemon.get("/fails/good").body, "good")


class LogTests(SharedDaemonTestCase):
    """What only a visitor saw, the operator finds."""

    def fails(self, path, text, **options):
        """Install an app and open its page without a password; the only line of the log on it."""
        self.create(path, {"app.star": text}, auth="none", **options)
        answer = self.daemon.get(f"{path}/fail", login=None)
        self.assertEqual(answer.status, 500)
        (line,) = failures(self.daemon, path)
        self.assertEqual(line["level"], "error")
        self.assertIn(line["request_id"], answer.body)
        return answer, line

    def test_division_by_zero(self):
        """A fault in production is a line with file, line, route, version and user."""
        text = """
def fail(req):
    zero = len(req.UrlParams["*"]) - 4
    return 1 // zero

app = ace.app("Zero", routes = [ace.api("/*", handler = fail)])
"""
        answer, line = self.fails("/zero", text)
        told = {name: line[name] for name in ("place", "route", "version", "user")}
        expected = {"place": "app.star:4:14", "route": "/*", "version": 1, "user": "anonymous"}
        self.assertEqual(told, expected)
        self.assertIn("app.star:4:14", line["message"])
        self.assertNotIn("app.star", answer.body)
        self.assertNotIn("zero", answer.body)

    def test_admin_is_told(self):
        """The administrator sees what visitors do not."""
        text = 'def bad(req):\n    fail("a secret reason")\n'
        app = 'app = ace.app("Told", routes = [ace.api("/", handler = bad)])\n'
        self.create("/admin_told", {"app.star": text + app})
        answer = self.daemon.get("/admin_told")
        self.assertIn("a secret reason at app.star:2:9", answer.body)

    def test_template(self):
        """A template that fails has its file and line in the log."""
        files = {
            "app.star": 'app = ace.app("T", custom_layout = True, routes = [ace.html("/fail")])\n'
            "def handler(req):\n    return {}\n",
            "index.go.html": "<p>\n{{ index .Data.none 5 }}</p>",
        }
        self.create("/template-fails", files, auth="none")
        self.assertEqual(self.daemon.get("/template-fails/fail", login=None).status, 500)
        (line,) = failures(self.daemon, "/template-fails")
        self.assertTrue(line["place"].startswith("index.go.html:2:"), line)

    def test_handled(self):
        """A failure that the app's own error handler hides from the visitor is in the log."""
        text = """
def bad(req):
    return {}["missing"]

def error_handler(req, error):
    return {"sorry": True}

app = ace.app("Handled", routes = [ace.api("/", handler = bad)])
"""
        self.create("/handled", {"app.star": text}, auth="none")
        self.assertEqual(self.daemon.get("/handled", login=None).status, 200)
        (line,) = failures(self.daemon, "/handled")
        self.assertEqual(line["place"], "app.star:3:14")

    def test_refused_call(self):
        """A call that was not approved is in the log and in the audit log, with the reason."""
        text = """
load("fs.in", "fs")

def fail(req):
    return fs.abs("/etc/passwd").value

app = ace.app("Refused", routes = [ace.api("/fail", handler = fail)])
"""
        _, line = self.fails("/refused-call", text, approve=True)
        self.assertIn("is not permitted to call", line["message"])
        self.assertEqual(line["place"].rpartition(":")[0], "app.star:5")
        database = self.daemon.home / "metadata" / "clace_audit.db"

        def rows():
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                return connection.execute(
                    "select rid, status from audit where operation = 'plugin_refused'"
                    " and target = 'fs.in.abs'"
                ).fetchall()

        self.wait_until("the refusal is audited", rows)
        self.assertEqual(rows(), [(line["request_id"], "Failed")])


class Neighbours(SharedDaemonTestCase):
    """Two apps, of which one is about to fail."""

    def setUp(self):
        super().setUp()
        name = self._testMethodName
        self.path, self.neighbour = f"/{name}", f"/neighbour-{name}"
        self.create(self.path, {"app.star": STUCK})
        self.create(self.neighbour, {"app.star": GOOD})

    def assert_others_unaffected(self, pages, status, told):
        """While these are on their way to fail another app answers; afterwards this one does."""
        self.daemon.get(self.neighbour)
        requests = [self.daemon.begin("GET", f"{self.path}/{page}") for page in pages]
        answered = 0
        while not select([one.connection.sock for one in requests], [], [], 0)[0]:
            self.assertEqual(self.daemon.get(self.neighbour).status, 200)
            answered += 1
        # One might have waited for the others to fail, a second one did not.
        self.assertGreater(answered, 1)
        for request in requests:
            answer = request.answer()
            self.assertEqual(answer.status, status, answer.body)
            self.assertIn(told, answer.body)
            (line,) = [
                one for one in failures(self.daemon, self.path) if one["request_id"] in answer.body
            ]
            self.assertIn(told, line["message"])
            self.assertEqual((line["level"], line["user"], line["version"]), ("error", "admin", 1))
        self.assertEqual(self.daemon.get(f"{self.path}/good").body, "good")


class TimeTests(Neighbours):
    config = "[sandbox]\nrequest_timeout_secs = 1\n"

    def test_loop(self):
        """A handler that does not end is a 504 that says so."""
        self.assert_others_unaffected(["loop"], 504, "did not answer within 1 seconds")

    def test_stuck(self):
        """So is one that does not end within an expression; requests of one app end each alone."""
        self.assert_others_unaffected(["stuck", "stuck"], 504, "did not answer within 1 seconds")


class MemoryTests(Neighbours):
    config = "[sandbox]\nmemory_mb = 256\n"

    def test_memory(self):
        """A handler that eats all its memory is a 500 that says so, and the log tells."""
        self.assert_others_unaffected(["eat"], 500, "ran out of memory")
        access = (self.daemon.home / "logs" / "access.log").read_text().splitlines()
        self.assertTrue(all(json.loads(line) for line in access))
