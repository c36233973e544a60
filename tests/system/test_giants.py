"""Apps that make enormous texts: an error of the request, while the host goes on."""

from tests.support.processes import app_hosts
from tests.system.cases import SharedDaemonTestCase

# The size comes with the request: what is constant the interpreter works out while it loads.
GIANTS = """
def size(req):
    return int(req.Query.get("n", ["30000000"])[0])

def fail_long(req):
    fail("x" * size(req))

def redirect_long(req):
    return ace.redirect("/" + "x" * size(req))

def header_long(req):
    return ace.response("", type = "TEXT", retarget = "x" * size(req))

def print_long(req):
    print("x" * size(req))
    return "printed"

def key_long(req):
    return {}["x" * size(req)]

def page(req):
    return {"text": "a-B " * 1000000}

app = ace.app("Giants", custom_layout = True, routes = [
    ace.api("/fail", handler = fail_long), ace.api("/redirect", handler = redirect_long),
    ace.api("/header", handler = header_long), ace.api("/key", handler = key_long),
    ace.api("/print", handler = print_long, type = ace.TEXT),
    ace.html("/failing", full = "failing.go.html", handler = page),
    ace.html("/bytes", full = "bytes.go.html", handler = page),
    ace.html("/case", full = "case.go.html", handler = page),
    ace.html("/sealed", full = "sealed.go.html", handler = page),
    ace.html("/patterns", full = "patterns.go.html", handler = page),
    ace.html("/hostile", full = "hostile.go.html", handler = page),
    ace.api("/good", handler = lambda req: "good", type = ace.TEXT),
])
"""
FILES = {
    "app.star": GIANTS,
    "failing.go.html": "{{ fail .Data.text }}",
    "bytes.go.html": '{{ fail (b64dec "/w==") }}',
    "case.go.html": "{{ len (snakecase .Data.text) }} {{ len (date .Data.text 0) }}",
    "patterns.go.html": r'{{ len (regexReplaceAll "a-" (substr 0 40000 .Data.text) "yyy") }}'
    r' {{ regexMatch "(a|-)*-(a|B){3}c" .Data.text }} {{ regexFind "\\pL+$" "a1 \u00e9t" | len }}',
    "hostile.go.html": '{{ regexMatch "(a|x)*x(a|x){200}c" .Data.text }}',
    "sealed.go.html": '{{ len (decryptAES "k" (encryptAES "k" .Data.text)) }}',
}


class GiantTests(SharedDaemonTestCase):
    def test_errors_of_one_request(self):
        """A giant text fails its own request, and the same host answers the next."""
        self.create("/giants", FILES)
        self.assertEqual(self.daemon.get("/giants/good").body, "good")
        hosts = set(app_hosts(self.daemon.process.pid))
        self.assertTrue(hosts)
        for path in ("fail", "redirect", "header", "key", "failing", "bytes"):
            answer = self.daemon.get(f"/giants/{path}")
            self.assertEqual(answer.status, 500, path)
            self.assertLess(len(answer.body), 20_000, path)
        self.assertEqual(self.daemon.get("/giants/print").body, "printed")
        self.assertEqual(self.daemon.get("/giants/good").body, "good")
        self.assertLessEqual(hosts, set(app_hosts(self.daemon.process.pid)))

    def test_slow_functions(self):
        """Megabytes of text in functions of templates are done in time, behind the walls too."""
        self.create("/lasts", FILES)
        self.assertEqual(self.daemon.get("/lasts/sealed").body, "4000000")
        self.assertEqual(self.daemon.get("/lasts/patterns").body, "50000 false 3")
        self.assertIn("too long for so large a pattern", self.daemon.get("/lasts/hostile").body)
        self.assertIn("rendering exceeds 1000000 steps", self.daemon.get("/lasts/case").body)
