"""The escape kit for programs from inside an app, with a whole server to get at."""

import json
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.support import process_attempts
from tests.support.process_kit import PYTHON, targets_of, worked
from tests.system.cases import SharedDaemonTestCase
from tests.system.test_programs import APP

OTHER = """
app = ace.app("Other", routes = [ace.api("/")])

def handler(req):
    return "here"
"""
SEARCHER = APP.replace('"server.py"]', '"app.py", "targets.json"]')


class ProcessKitTests(SharedDaemonTestCase):
    def test_from_inside(self):
        """Nothing that a program tries works, and the server serves others meanwhile."""
        if not Path(PYTHON).exists():
            raise SkipTest(f"{PYTHON} is what the program is run with")
        other = self.create("/other", {"app.star": OTHER})
        files = {
            "app.star": SEARCHER,
            "app.py": Path(process_attempts.__file__).read_bytes(),
            "targets.json": json.dumps(targets_of(self.daemon, other)),
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
