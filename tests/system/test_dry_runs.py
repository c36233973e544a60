"""A dry run of each operation that changes something changes no row of the metadata."""

import hashlib
import json
import sqlite3
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

from clace.admin_api.catalogue import OPERATIONS
from tests.support.repositories import Repository
from tests.system.cases import DaemonTestCase

WITHOUT = {
    "stop_server": "it ends, or it does not; there is nothing in between to look at",
    "reveal_secret": "it only reads, and is recorded because of what it reads",
    "stop_app": "it changes a process, and no row: the next request starts it again",
    "start_app": "as above",
    "restart_app": "as above",
    "send_source": "it sends files for an app that is to be created, and changes no app",
    "run_command": "nobody knows what a command of an app would do before it does it",
}
"""The operations without a dry run, and why; docs/cli.md has them too."""
IN_MEMORY = frozenset({"clear_lockouts", "create_backup", "revoke_sessions", "reset_factors"})
"""Operations whose real run changes no row here: nobody is locked out, and nobody signed in."""
TOLD_OTHERWISE = frozenset(
    {"run_sync", "rekey_secrets", "create_sync", "delete_sync", "create_webhook", "delete_webhook"}
)
"""Operations whose answer names what would change in another way, or whose case changes nothing."""
HASH = "$2b$04$" + "a" * 53
APP = """
load("exec.in", "exec")

def handler(req):
    return {body}

app = ace.app("Named", routes=[ace.api("/", type=ace.TEXT)],
              permissions=[ace.permission("exec.in", "run", ["{program}"])])
"""
PARAMS = 'param("size", default="1")\n'


def app_star(body="1", program="true"):
    return APP.format(body=json.dumps(body), program=program)


class DryRunTests(DaemonTestCase):
    def setUp(self):
        self.daemon = self.make_daemon('[plugin."exec.in#x"]\n').start()
        self.repository = Repository(Path(self.mktemp()).absolute())
        self.commit = self.repository.commit(
            {"app.star": app_star().encode(), "params.star": PARAMS.encode()}
        )
        self.url = f"file://{self.repository.path}"
        self.folder = self.source({"app.star": app_star(), "params.star": PARAMS})
        self.declared = self.source({"one.ace": f'app("/declared", "{self.folder}")\n'})
        self.new = {"path": "/first", "source_url": str(self.folder)}
        self.perform("POST", "/app", {}, self.new)
        self.git = {"path": "/git", "source_url": self.url, "git_branch": "main"}
        self.perform("POST", "/app", {"approve": "true"}, self.git)

    def perform(self, method, path, parameters, body=None):
        """Send a request; the answer as JSON."""
        said = f"?{urlencode(parameters)}" if parameters else ""
        sent = None if body is None else json.dumps(body).encode()
        answer = self.daemon.admin(method, f"/_clace{path}{said}", sent)
        self.assertEqual(answer.status, 200, f"{method} {path}: {answer.body}")
        first = answer.body.splitlines()[0]
        return json.loads(first)

    def checksum(self):
        """A digest of all rows of the metadata."""
        database = self.daemon.home / "metadata" / "clace_metadata.db"
        digest = hashlib.sha256()
        with closing(sqlite3.connect(database)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in sorted(tables.fetchall()):
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
                digest.update(repr((table, sorted(map(repr, rows)))).encode())
        return digest.hexdigest()

    def nothing_left(self):
        """Return true unless the server is still to delete data of apps, which changes rows."""
        database = self.daemon.home / "metadata" / "clace_metadata.db"
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT count(*) FROM leftovers").fetchone() == (0,)

    def recorded(self):
        """The newest event of the audit log."""
        answer = self.daemon.admin("GET", "/_clace/audit?limit=1")
        return json.loads(answer.body)["events"][0]

    def cases(self):
        """Requests that change something, each after those before it: parameters and body."""
        yield "create_app", {"approve": "true"}, {**self.new, "path": "/second"}
        yield "approve_apps", {"appPathGlob": "/first"}, None
        yield "promote_apps", {"appPathGlob": "/first"}, None
        (self.folder / "app.star").write_text(app_star("2"))
        yield "reload_apps", {"appPathGlob": "/first", "promote": "true"}, None
        yield (
            "update_params",
            {"appPathGlob": "/first", "paramName": "size", "paramValue": "2"},
            None,
        )
        yield "link_account", {"appPathGlob": "/first", "plugin": "exec.in", "account": "x"}, None
        changed = {"config_type": "app_config", "config_entries": ["audit.redact_url=true"]}
        yield "update_metadata", {"appPathGlob": "/first"}, changed
        yield "update_settings", {"appPathGlob": "/first"}, {"authn_type": "none"}
        yield (
            "switch_version",
            {"appPath": "/first", "version": "previous", "approve": "true"},
            None,
        )
        yield "revoke_approvals", {"appPathGlob": "/first", "revoked": "exec.in"}, None
        yield "apply_files", {"applyPath": f"{self.declared}/one.ace", "approve": "true"}, None
        yield (
            "create_preview",
            {"appPath": "/git", "commitId": self.commit, "approve": "true"},
            None,
        )
        yield "delete_preview", {"appPath": "/git", "commitId": self.commit}, None
        webhook = {"appPath": "/first", "webhookType": "reload"}
        yield "create_webhook", webhook, None
        yield "delete_webhook", webhook, None
        yield "create_sync", {"path": f"{self.declared}/one.ace", "scheduled": "true"}, {}
        yield "run_sync", {"id": self.sync}, None
        yield "delete_sync", {"id": self.sync}, None
        yield "create_secret", {}, {"name": "token", "value": "hunter2"}
        yield "rekey_secrets", {}, None
        yield "delete_secret", {"name": "token"}, None
        yield "change_user", {"username": "ann"}, {"password": HASH, "groups": ["a"]}
        yield "change_owner", {"appPathGlob": "/first", "owner": "builtin:ann"}, None
        yield "reset_factors", {"username": "ann"}, None
        yield "delete_user", {"username": "ann"}, None
        yield "clear_lockouts", {}, None
        yield "revoke_sessions", {"all": "true"}, None
        yield "create_token", {}, {"grants": ["app:read"], "expires_secs": 600}
        yield "revoke_token", {"id": self.token}, None
        yield "create_backup", {}, {"folders": False}
        yield "delete_apps", {"appPathGlob": "/first"}, None

    def test_every_operation(self):
        """A dry run leaves all rows as they are, tells what would change, and is recorded as one;
        the same request without it changes rows, so that the dry run had something to leave.
        """
        self.sync = self.token = ""
        tried = []
        operations = {each.name: each for each in OPERATIONS}
        for name, parameters, body in self.cases():
            operation = operations[name]
            self.wait_until("data of deleted apps are gone", self.nothing_left, 60)
            before = self.checksum()
            dry = self.perform(
                operation.method, operation.path, {**parameters, "dryRun": "true"}, body
            )
            self.assertEqual(self.checksum(), before, f"{name}: a dry run changed rows")
            event = self.recorded()
            self.assertEqual(event["operation"], f"{name}_dryrun")
            self.assertNotIn("hunter2", json.dumps([dry, event]))
            if name not in IN_MEMORY | TOLD_OTHERWISE:
                told = dry.get("would_change") or dry.get("changes")
                self.assertTrue(told, f"{name} does not tell what would change: {dry}")
                self.assertTrue(dry["dry_run"], name)
            if name == "rekey_secrets":
                self.new_key()
            real = self.perform(operation.method, operation.path, parameters, body)
            if name not in IN_MEMORY:
                self.assertNotEqual(self.checksum(), before, f"{name} changes nothing")
            self.remember(name, real)
            tried.append(name)
        changing = {each.name for each in OPERATIONS if each.target is not None}
        self.assertEqual(set(tried), changing - set(WITHOUT))
        self.assertLessEqual(set(WITHOUT), changing)

    def new_key(self):
        """Let the key file begin with another key."""
        file = self.daemon.home / "config" / "secret.key"
        file.write_text(f"key2:{b64encode(bytes(32)).decode()}\n{file.read_text()}")

    def remember(self, name, real):
        """Keep what later requests name."""
        if name == "create_sync":
            self.sync = real["id"]
        elif name == "create_token":
            self.token = real["id"]
