"""A daemon that is killed in the middle of a commit."""

import signal
import subprocess
import sys
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoSuchVersion
from tests.support.store_contract import production
from tests.support.stores import sqlite_store

CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from clace.database.engine import transaction, writing_engine
from clace.interfaces import AddApp, AddVersion
from clace.metadata.changes import StoreCommit
from clace.metadata.contents import packed
from tests.support.store_contract import FILES, production, version

app = production("/new")
fresh = {ref.sha256: packed(ref, FILES._contents[name]) for name, ref in FILES.refs.items()}
changes = (AddApp(app), AddVersion(app.id, version(1), FILES))
commit = StoreCommit(changes, {1: FILES.refs}, fresh, datetime(2026, 11, 23, tzinfo=UTC))
with transaction(writing_engine(Path(sys.argv[1])), "die") as connection:
    commit.make(connection)
    if sys.argv[2] == "inside":
        print("made", flush=True)
        sys.stdin.read()
print("made", flush=True)
sys.stdin.read()
"""


class CrashTests(SynchronousTestCase):
    def killed(self, where):
        """The store as it is found after a process was killed there."""
        path = Path(self.mktemp()).absolute()
        sqlite_store(path, Clock())._close()
        command = [sys.executable, "-c", CHILD, str(path), where]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        root = Path(__file__).parents[2]
        with subprocess.Popen(command, cwd=root, env={"PYTHONPATH": str(root)}, **pipes) as child:
            self.assertEqual(child.stdout.readline(), b"made\n")
            child.send_signal(signal.SIGKILL)
        store = sqlite_store(path, Clock())
        self.addCleanup(store._close)
        return store

    def test_nothing_is_half_there(self):
        """Killed before the end of a commit, the database is as it was, and usable."""
        store = self.killed("inside")
        self.assertEqual(self.successResultOf(store.apps()), ())
        self.failureResultOf(store.files(production("/new").id, 1), NoSuchVersion)
        with store._reading.connect() as connection:
            self.assertEqual(connection.exec_driver_sql("select * from files").all(), [])

    def test_what_was_done_is_kept(self):
        """Killed after a commit, all of it is there."""
        store = self.killed("after")
        self.assertEqual(len(self.successResultOf(store.apps())), 1)
        files = self.successResultOf(store.files(production("/new").id, 1))
        self.assertEqual(len(files.refs), 3)
