"""The escape kit for programs from inside an app, with a whole server to get at."""

import json
import socket
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.support import process_attempts
from tests.support.process_kit import PYTHON, worked
from tests.system.cases import SharedDaemonTestCase
from tests.system.test_programs import APP

OTHER = """
app = ace.app("Other", routes = [ace.api("/")])

def handler(req):
    return "here"
"""
SEARCHER = APP.replace('"server.py"]', '"app.py", "targets.json"]')


class ProcessKitTests(SharedDaemonTestCase):
    def targets(self, other):
        """What there is to find: the server's own files, sockets and processes."""
        home = self.daemon.home
        port = self.daemon.ports["http"]
        server = self.daemon.process.pid
        found = {
            "file": self.daemon.stderr,
            "database": home / "metadata" / "clace_metadata.db",
            "config": self.daemon.config,
            "other_data": other / "app.star",
            "other_source": other / "app.star",
            "backup": home / "metadata" / "clace_audit.db",
            "key": self.daemon.certificate,
            "admin": home / "run" / "clace.sock",
            "tmp": home,
            "root_only": self.daemon.config,
        }
        for path in found.values():
            self.assertTrue(path.exists(), path)
        return {name: str(path) for name, path in found.items()} | {
            "memory": 1024,
            "abstract": "nothing",
            "port": port,
            "open": port,
            "other": port,
            "udp": port,
            "shm": 1,
            "queue": 1,
            "semaphores": 1,
            "server": server,
            "victim": server,
            "cmdline": Path(f"/proc/{server}/cmdline").read_text(),
            "host": socket.gethostname(),
            "groups": Path("/proc/self/cgroup").read_text(),
        }

    def test_from_inside(self):
        """Nothing that a program tries works, and the server serves others meanwhile."""
        if not Path(PYTHON).exists():
            raise SkipTest(f"{PYTHON} is what the program is run with")
        other = self.create("/other", {"app.star": OTHER})
        files = {
            "app.star": SEARCHER,
            "app.py": Path(process_attempts.__file__).read_bytes(),
            "targets.json": json.dumps(self.targets(other)),
        }
        self.daemon.must("app", "create", "--approve", str(self.source(files)), "/searcher")
        asked = self.daemon.begin("GET", "/searcher/attempts")
        self.assertEqual(self.daemon.get("/other").status, 200)
        answer = asked.answer()
        self.assertEqual(answer.status, 200, answer.body)
        found = json.loads(answer.body)
        self.assertEqual(worked(found), set())
        self.assertGreater(len(found), 100)
        self.assertEqual(self.daemon.get("/other").status, 200)
