"""Roles, grants and API tokens with a real server and the command line."""

import http.client
import json
import signal

from clace.passwords import hash_password
from tests.support.daemon import LOGIN
from tests.system.cases import DaemonTestCase

PASSWORD = "tall trees of ann"
HASH = hash_password(PASSWORD)
APP = {
    "app.star": """
load("clace.in", "clace")

def told(req):
    return {
        "user": req.UserId, "perms": req.CustomPerms, "rbac": req.AppRBACEnabled,
        "headers": req.Headers, "apps": [one["path"] for one in clace.list_apps().value],
    }

app = ace.app("Told", routes = [ace.api("/", handler = told)],
              permissions = [ace.permission("clace.in", "list_apps")])
"""
}
RBAC = """
[builtin_auth.ann]
password = "{password}"
groups = ["staff"]

[rbac]
enabled = true

[rbac.roles]
tester = ["app:access", "custom:write"]

[[rbac.grants]]
description = "staff tests"
users = ["group:staff"]
roles = ["tester"]
targets = ["/team/**"]
"""


class RolesTests(DaemonTestCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.make_daemon(self.config(RBAC))
        self.daemon.start()
        source = self.source(APP)
        for path in ("/team/a", "/other"):
            self.daemon.install(source, path, auth="system,builtin", approve=True)

    def config(self, more):
        api = "[app_config]\nsecurity.api_tokens = true\n"
        security = "[security]\nadmin_over_tcp = true\n"
        return security + api + more.replace("{password}", HASH)

    def as_ann(self, path):
        return self.daemon.get(path, login=("ann", PASSWORD))

    def by(self, token, path, method="GET"):
        headers = {"Authorization": f"Bearer {token}"}
        return self.daemon.ask(method, path, login=None, headers=headers)

    def test_roles(self):
        """A grant opens apps and tells them what it says; without it they are closed, until the
        file says otherwise and the server is told.
        """
        answer = self.as_ann("/team/a")
        self.assertEqual(answer.status, 200, answer.body)
        told = json.loads(answer.body)
        self.assertEqual((told["user"], told["perms"]), ("builtin:ann", ["write"]))
        self.assertEqual((told["rbac"], told["apps"]), (True, ["/team/a"]))
        self.assertEqual(told["headers"]["X-Clace-Perms"], ["write"])
        refused = self.as_ann("/other")
        self.assertEqual(refused.status, 403)
        self.assertIn("Forbidden : builtin:ann does not have access to /other", refused.body)
        self.assertEqual(self.daemon.get("/other", login=LOGIN).status, 200)
        audited = self.daemon.must("audit", "list", "--operation", "access_denied")
        self.assertIn("builtin:ann", audited)
        self.daemon.write_config(self.config(RBAC.replace("/team/**", "/other")))
        self.daemon.process.send_signal(signal.SIGHUP)
        self.wait_until("the grant moved", lambda: self.as_ann("/other").status == 200)
        self.assertEqual(self.as_ann("/team/a").status, 403)

    def test_command_line(self):
        """The command line explains decisions, and acts as another user."""
        explained = self.daemon.must("rbac", "check", "builtin:ann", "app:access", "/team/a")
        self.assertIn('grant 1 "staff tests": group:staff is a group of the user', explained)
        done = self.daemon.cli("rbac", "check", "builtin:ann", "app:delete", "/team/a")
        self.assertEqual(done.returncode, 1)
        self.assertIn("group:staff", self.daemon.must("rbac", "who", "/team/a"))
        self.assertNotIn("group:staff", self.daemon.must("rbac", "who", "/other"))
        said = self.daemon.refused("app", "delete", "/team/a", "--as", "builtin:ann")
        self.assertIn("user builtin:ann does not have permission app:delete on /team/a", said)
        self.assertIn("does not exist", self.daemon.refused("app", "list", "--as", "builtin:eve"))
        said = self.daemon.refused("app", "list", "--as", "ann")
        self.assertIn("no user has the id 'ann'; did you mean builtin:ann?", said)

    def test_tokens(self):
        """A token is good for its apps, for the command line over TCP, and until it is revoked."""
        made = self.daemon.cli(
            *("token", "create", "-g", "app:access", "-g", "app:read", "-a", "/team/**")
        )
        token, token_id = made.stdout.strip(), made.stderr.split()[1]
        answer = self.by(token, "/team/a")
        self.assertEqual(answer.status, 200)
        self.assertNotIn(token, answer.body)
        self.assertEqual(json.loads(answer.body)["apps"], ["/team/a"])
        self.assertEqual(self.by(token, "/other").status, 403)
        uri = f"http://127.0.0.1:{self.daemon.ports['http']}"
        over_tcp = {"CL_SERVER_URI": uri, "CL_TOKEN": token}
        listed = self.daemon.cli("app", "list", env=over_tcp)
        self.assertIn("/team/a", listed.stdout)
        self.assertNotIn("/other", listed.stdout)
        said = self.daemon.refused("app", "delete", "/team/a", env=over_tcp)
        self.assertIn(f"app:delete on /team/a (token {token_id})", said)
        self.assertIn(token_id, self.daemon.must("token", "list"))
        self.daemon.must("token", "revoke", token_id)
        self.assertEqual(self.by(token, "/team/a").status, 401)
        self.assertEqual(self.by(token, "/_clace/apps").status, 401)

    def test_open_requests_end(self):
        """A stream ends within five seconds of the token, or the grant, that opened it."""
        self.daemon.install(self.source(APP), "/team/dev", auth="builtin", approve=True, dev=True)
        made = self.daemon.cli("token", "create", "-g", "app:access")
        token, token_id = made.stdout.strip(), made.stderr.split()[1]
        bearer = {"Authorization": f"Bearer {token}"}
        by_token = self.stream(login=None, headers=bearer)
        by_grant = self.stream(login=("ann", PASSWORD))
        self.daemon.must("token", "revoke", token_id)
        self.assert_ends(by_token)
        self.daemon.write_config(self.config(RBAC.replace("/team/**", "/other")))
        self.daemon.process.send_signal(signal.SIGHUP)
        self.assert_ends(by_grant)

    def test_owners(self):
        """An app is given to a user, who may open it then, and taken away: their stream ends."""
        give = ("app", "update-settings", "owner")
        self.daemon.install(self.source(APP), "/own", auth="builtin", approve=True, dev=True)
        self.assertEqual(self.as_ann("/own").status, 403)
        said = self.daemon.refused(*give, "builtin:ben", "/own")
        self.assertIn("user builtin:ben does not exist", said)
        said = self.daemon.refused(*give, "builtin:ann", "/own", "--as", "builtin:ann")
        self.assertIn("does not have permission admin", said)
        self.daemon.must(*give, "builtin:ann", "/own", "--dry-run")
        self.assertEqual(self.as_ann("/own").status, 403)
        self.daemon.must(*give, "builtin:ann", "/own")
        self.assertRegex(self.daemon.must("app", "show", "/own"), r"Owner: +builtin:ann\n")
        self.assertIn("/own", self.daemon.must("app", "list", "--as", "builtin:ann"))
        stream = self.stream("/own", login=("ann", PASSWORD))
        self.daemon.must(*give, "admin", "/own")
        self.assert_ends(stream)
        self.assertEqual(self.as_ann("/own").status, 403)
        audited = self.daemon.must("audit", "list", "--operation", "change_owner", "-f", "json")
        told = {row["detail"].partition("; ")[2] for row in json.loads(audited)}
        self.assertLessEqual({"changed owner builtin:ann", "changed owner admin"}, told)

    def test_changed_auth(self):
        """A stream ends when its app comes to admit people by another way."""
        self.daemon.install(self.source(APP), "/team/dev", auth="builtin", approve=True, dev=True)
        stream = self.stream(login=("ann", PASSWORD))
        self.daemon.must("app", "update-settings", "auth", "system", "/team/dev")
        self.assert_ends(stream)

    def stream(self, path="/team/dev", **options):
        """An answer that goes on, of which something has come."""
        pending = self.daemon.begin("GET", f"{path}/_clace_app/sse", timeout=5, **options)
        self.addCleanup(pending.connection.close)
        response = pending.connection.getresponse()
        self.assertEqual(response.status, 200)
        return response

    def assert_ends(self, response):
        """The connection is cut before the time of the socket is over."""
        try:
            while response.read(1):
                pass
        except (ConnectionError, http.client.IncompleteRead):
            pass

    def test_tokens_survive_a_restart(self):
        """A token and its last use are there after a restart, its text is in no file."""
        token = self.daemon.must("token", "create", "-g", "app:access").strip()
        self.assertEqual(self.by(token, "/team/a").status, 200)
        self.daemon.stop()
        for file in self.daemon.home.rglob("*"):
            if file.is_file():
                self.assertNotIn(token.encode(), file.read_bytes(), file)
        self.daemon.start()
        self.assertEqual(self.by(token, "/team/a").status, 200)
        (row,) = json.loads(self.daemon.must("token", "list", "-f", "json"))
        self.assertIsNotNone(row["use_time"])
