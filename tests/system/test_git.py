"""A server beside repositories that hang, and one that is killed while it waits for one."""

import json
import socket
import time
from pathlib import Path

from tests.support.repositories import Repository
from tests.system.cases import DaemonTestCase, runs
from tests.system.test_crash import children_of

DEADLINE = 15
APP = (
    'app = ace.app("Told", routes = [ace.api("/", handler = lambda req: "{}", type = ace.TEXT)])\n'
)


class HungGitTests(DaemonTestCase):
    def setUp(self):
        self.repository = Repository(Path(self.mktemp()).absolute())
        self.push("one")
        config = f"[system]\ngit_operation_timeout_secs = {DEADLINE}\n"
        self.daemon = self.make_daemon(config).start()
        self.daemon.must("app", "create", "--auth=none", self.repository.url, "/git")
        # The system accepts for it, and nobody answers.
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.addCleanup(listener.close)
        self.hung = f"http://127.0.0.1:{listener.getsockname()[1]}/o/r"

    def push(self, text):
        self.repository.commit({"app.star": APP.format(text).encode()})

    def begin_create(self, path):
        body = {"path": path, "source_url": self.hung, "app_authn": "none"}
        return self.daemon.begin_admin("POST", "/_clace/app", json.dumps(body).encode())

    def working(self):
        return list((self.daemon.home / "run" / "git" / "work").glob("*/repository"))

    def test_others_go_on(self):
        """While many wait for a server that hangs, apps are reloaded, created and served, and all
        who wait are refused at the deadline, by name.
        """
        began = time.monotonic()
        hung = [self.begin_create(f"/hung-{number}") for number in range(6)]
        self.wait_until("git works", lambda: len(self.working()) == 4)
        self.push("two")
        self.daemon.must("app", "reload", "--promote", "/git")
        self.assertEqual(self.daemon.get("/git").body, "two")
        self.create_from_folder("/folder")
        self.assertEqual(len(self.working()), 4, "the others still wait")
        for one in hung:
            answer = one.answer()
            self.assertEqual(answer.status, 422, answer.body)
            self.assertRegex(answer.body, "cannot fetch http://.*/o/r|fetches from 127.0.0.1:")
        self.assertLess(time.monotonic() - began, 3 * DEADLINE)
        self.assertEqual(self.working(), [])
        self.assertEqual(self.daemon.get("/hung-0").status, 404)

    def create_from_folder(self, path):
        folder = self.source({"app.star": APP.format("local")})
        self.daemon.must("app", "create", "--auth=none", str(folder), path)
        self.assertEqual(self.daemon.get(path).body, "local")

    def test_killed_while_it_fetches(self):
        """A server killed while git works ends git, and starts with what was there before."""
        self.begin_create("/hung")
        self.wait_until("git works", self.working)
        started = children_of(self.daemon.process.pid)
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.wait_until("no orphans", lambda: not any(map(runs, started)))
        self.daemon.start()
        self.assertEqual(self.working(), [])
        self.assertEqual(self.daemon.get("/git").body, "one")
        self.assertEqual(self.daemon.get("/hung").status, 404)
        self.push("two")
        self.daemon.must("app", "reload", "--promote", "/git")
        self.assertEqual(self.daemon.get("/git").body, "two")
