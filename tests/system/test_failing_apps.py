"""Apps that are broken, that loop, that eat: they harm themselves, and are told why."""

import json
from select import select

from tests.system.cases import SharedDaemonTestCase

GOOD = 'app = ace.app("Good", routes = [ace.api("/", handler = lambda req: "{}")])\n'
BROKEN = "x = 1\napp = ace.app(nothing_of_that_name)\n"
# Numbers come with the request: what is constant the interpreter works out while it loads.
STUCK = """
def number(req):
    return int(req.Query.get("n", ["1000000000"])[0])

def loop(req):
    for _ in range(number(req)):
        pass

def stuck(req):
    return max(range(number(req)))

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


class BrokenTests(SharedDaemonTestCase):
    def test_create(self):
        """A source that does not load is refused with file and line, and nothing is there."""
        for name, files, told in (
            ("error", {"app.star": BROKEN}, "app.star:2:15: Variable `nothing_of_that_name`"),
            ("syntax", {"app.star": "x = 1\n\ndef f(:\n"}, "app.star:3:7: Parse error"),
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
        self.assertIn("app.star:2:15: Variable `nothing_of_that_name`", said)
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
        self.assertEqual(self.daemon.get(f"{self.path}/good").body, "good")


class TimeTests(Neighbours):
    config = "[sandbox]\nrequest_timeout_secs = 1\n"

    def test_loop(self):
        """A handler that does not end is a 504 that says so."""
        self.assert_others_unaffected(["loop"], 504, "did not answer within 1 seconds")

    def test_stuck(self):
        """So is one that cannot be interrupted, and its process is killed."""
        self.assert_others_unaffected(["stuck", "stuck"], 504, "did not answer within 1 seconds")


class MemoryTests(Neighbours):
    config = "[sandbox]\nmemory_mb = 256\n"

    def test_memory(self):
        """A handler that eats all its memory is a 500 that says so, and the log tells."""
        self.assert_others_unaffected(["eat"], 500, "ran out of memory")
        access = (self.daemon.home / "logs" / "access.log").read_text().splitlines()
        self.assertTrue(all(json.loads(line) for line in access))
