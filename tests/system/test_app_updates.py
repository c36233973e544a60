"""What operators say of apps after their creation, on a real server."""

import hashlib
import json

from tests.support.processes import app_hosts
from tests.system.cases import SharedDaemonTestCase

PARAMS = """
param("token", description = "What to log in with", display_type = PASSWORD)
param("times", INT, 2)
"""
APP = """
load("exec.in", "exec")

def handler(req):
    hashed = exec.run("sh", ["-c", "printf %s $0 | sha256sum", param.token])
    return {"hash": hashed.value[0][:8], "seen": param.token, "times": param.times}

app = ace.app("Params", routes = [ace.api("/", handler)],
    permissions = [ace.permission("exec.in", "run", secrets = [["from:db", "token"]])])
"""
LOOPS = """
def loop(req):
    for _ in range(int(req.Query.get("n", ["1000000000"])[0])):
        pass
    return "done"

app = ace.app("Loops", routes = [ace.api("/loop", handler = loop, type = ace.TEXT)])
"""
WRITES = """
load("exec.in", "exec")

def handler(req):
    return exec.run("echo", ["changed"]).value[0]

app = ace.app("Writes", routes = [ace.api("/", handler, type = ace.TEXT)],
    permissions = [ace.permission("exec.in", "run", ["echo"])])
"""


PLAIN = """
app = ace.app("Plain", routes = [ace.api("/", lambda req: "%s", type = ace.TEXT)])
"""


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class ParamTests(SharedDaemonTestCase):
    def told(self, path):
        answer = self.daemon.get(path)
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def test_secret_in_a_param(self):
        """A param may name a secret: the app has the name, the program it calls the value."""
        self.daemon.must("secret", "create", "--name", "token", "--value", "hunter2")
        source = self.source({"app.star": APP, "params.star": PARAMS})
        named = '{{secret_from "db" "token"}}'
        self.daemon.must(
            "app", "create", "--approve", "--param", f"token={named}", str(source), "/params"
        )
        self.assertEqual(
            self.told("/params"), {"hash": digest("hunter2"), "seen": named, "times": 2}
        )
        self.daemon.must("param", "update", "token", "plain", "/params")
        self.assertEqual(self.told("/params_cl_stage")["hash"], digest("plain"))
        self.assertEqual(self.told("/params")["hash"], digest("hunter2"))
        self.daemon.must("param", "update", "--promote", "times", "3", "/params")
        self.assertEqual(
            self.told("/params"), {"hash": digest("plain"), "seen": "plain", "times": 3}
        )
        self.assertIn("  times: 3\n", self.daemon.must("param", "list", "/params"))

    def test_wrong(self):
        """A param without its value, or with a wrong one, is an error that names it."""
        source = self.source({"app.star": APP, "params.star": PARAMS})
        said = self.daemon.refused("app", "create", "--approve", str(source), "/none")
        self.assertIn("params.star:2:6: param token is a required param", said)
        self.assertEqual(self.daemon.get("/none").status, 404)
        self.daemon.must("app", "create", "--approve", "--param", "token=x", str(source), "/wrong")
        said = self.daemon.refused("param", "update", "--promote", "times", "many", "/wrong")
        self.assertIn("params.star:3:6: param times is of type int but value is not an int", said)
        self.assertEqual(self.told("/wrong")["times"], 2)


class OwnLimitTests(SharedDaemonTestCase):
    def test_time(self):
        """A limit of an app's own holds for it, from its next version on, and for no other."""
        source = str(self.source({"app.star": LOOPS}))
        conf = "sandbox.request_timeout_secs=1"
        self.daemon.must("app", "create", "--conf", conf, source, "/limited")
        self.daemon.must("app", "create", source, "/free")
        answer = self.daemon.get("/limited/loop")
        self.assertEqual(answer.status, 504)
        self.assertIn("the app did not answer within 1 seconds", answer.body)
        self.assertEqual(self.daemon.get("/free/loop?n=1000").body, "done")
        self.daemon.must("app", "update-metadata", "conf", "-p", f"{conf[:-1]}2", "/limited")
        self.assertIn("within 2 seconds", self.daemon.get("/limited/loop").body)
        said = self.daemon.refused("app", "update-metadata", "conf", "sandbox.memory=1", "/free")
        self.assertIn(
            "app config sandbox.memory: no such key; did you mean sandbox.memory_mb", said
        )


class SettingsTests(SharedDaemonTestCase):
    def test_stage_write_access(self):
        """A staging app that may change nothing is told so at once, production goes on."""
        source = str(self.source({"app.star": WRITES}))
        self.daemon.must("app", "create", "--approve", source, "/writes")
        self.assertEqual(self.daemon.get("/writes_cl_stage").body, "changed")
        settings = ("app", "update-settings", "stage-write-access")
        self.assertEqual(
            self.daemon.must(*settings, "false", "/writes"),
            "Updating /writes\nUpdating /writes_cl_stage\n2 app(s) updated.\n",
        )
        answer = self.daemon.get("/writes_cl_stage")
        self.assertEqual(answer.status, 500)
        self.assertIn("Stage app does not have access to write operations", answer.body)
        self.assertEqual(self.daemon.get("/writes").body, "changed")
        self.daemon.must(*settings, "true", "/writes")
        self.assertEqual(self.daemon.get("/writes_cl_stage").body, "changed")

    def test_auth(self):
        """Who may use an app can be changed while it serves."""
        source = str(self.source({"app.star": LOOPS}))
        self.daemon.must("app", "create", source, "/auth")
        self.assertEqual(self.daemon.get("/auth/loop?n=1", login=None).status, 401)
        self.daemon.must("app", "update-settings", "auth", "none", "/auth")
        self.assertEqual(self.daemon.get("/auth/loop?n=1", login=None).body, "done")

    def test_headers(self):
        """Security headers, sharing and the check of origins follow an app's settings at once, in
        no other app, and end with the app.
        """
        source = str(self.source({"app.star": LOOPS}))
        create = ("app", "create", "--auth", "none", source)
        foreign = {"Origin": "https://evil.example"}

        def held(path):
            answer = self.daemon.get(f"{path}/loop?n=1", login=None)
            posted = self.daemon.ask("POST", f"{path}/loop", login=None, headers=foreign, body=b"")
            names = ("X-Frame-Options", "Access-Control-Allow-Origin")
            return (*(answer.headers[name] for name in names), posted.status)

        usual = ("SAMEORIGIN", None, 403)
        for path in ("/edge", "/beside"):
            self.daemon.must(*create, path)
            self.assertEqual(held(path), usual)
        settings = (
            "security.headers_level=5",
            'cors.allow_origin="https://a.example"',
            "security.disable_csrf_protection=true",
        )
        self.daemon.must("app", "update-metadata", "conf", "-p", *settings, "/edge")
        self.assertEqual(held("/edge"), ("DENY", "https://a.example", 405))
        self.assertEqual(held("/edge_cl_stage"), ("DENY", "https://a.example", 405))
        self.assertEqual(held("/beside"), usual)
        self.daemon.must("app", "delete", "/edge")
        self.daemon.must(*create, "/edge")
        self.assertEqual(held("/edge"), usual)


class ReloadTests(SharedDaemonTestCase):
    def hosts(self):
        return set(app_hosts(self.daemon.process.pid))

    def reload(self, *options):
        self.assertIn("2 app(s) reloaded", self.daemon.must("app", "reload", *options, "/reload/*"))

    def test_unchanged(self):
        """Apps that did not change go on in their processes, which a forced reload replaces."""
        others = self.hosts()
        folder = self.create("/reload/a", {"app.star": PLAIN % "one"}, auth="none", dev=True)
        self.create("/reload/b", {"app.star": PLAIN % "one"}, auth="none")
        for name in ("a", "b", "b_cl_stage"):
            self.assertEqual(self.daemon.get(f"/reload/{name}").body, "one")
        before = self.hosts() - others
        self.reload()
        self.assertEqual(self.daemon.get("/reload/b_cl_stage").body, "one")
        self.assertEqual(self.hosts() - others, before)
        (folder / "app.star").write_text(PLAIN % "two", "utf-8")
        self.reload()
        self.assertEqual(self.daemon.get("/reload/a").body, "two")
        self.reload("--force-reload", "--promote")
        self.wait_until("all processes are new", lambda: not self.hosts() & before)
        self.assertEqual(self.daemon.get("/reload/b").body, "one")
