"""The audit log of a real server: its chain through crashes, and an export of any size."""

import json
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from clace.audit.log import SCHEMA
from clace.audit.table import audit
from clace.database.engine import transaction, writing_engine
from clace.database.schema import UpgradeOptions
from tests.support.audit_contract import event
from tests.support.daemon import PASSWORD
from tests.system.cases import DaemonTestCase

ROWS = 60_000
MEMORY_MB = 24
APP = """
app = ace.app("A", routes=[ace.api("/", type=ace.TEXT)])

def handler(req):
    return "x"
"""


def memory_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    (size,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(size) / 1024


class AuditSystemTests(DaemonTestCase):
    def make_daemon(self, config=""):
        daemon = super().make_daemon(config)
        self.database = daemon.home / "metadata" / "clace_audit.db"
        return daemon

    def sql(self, statement):
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement)

    def create(self, daemon, path):
        daemon.must("app", "create", "--approve", "--auth", "none", str(self.app), path)

    def setUp(self):
        self.app = self.source({"app.star": APP})

    def test_a_chain_through_a_crash(self):
        """A server that was killed leaves a chain that it goes on with; a change of a row shows."""
        daemon = self.make_daemon().start()
        self.create(daemon, "/a")
        daemon.must("audit", "list")  # with everything that was recorded before
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait(20)
        daemon.start()
        self.create(daemon, "/b")
        said = daemon.must("audit", "verify")
        self.assertIn("row(s) verified.", said)
        head = said.split()[-1]
        self.assertIn(head.partition(":")[2], daemon.must("audit", "verify", "--head", head))
        daemon.stop()
        self.sql("update audit set user_id = 'jo' where sequence = 2")
        daemon.start()
        done = daemon.cli("audit", "verify")
        self.assertIn("error: the audit log breaks at row 2: changed", done.stderr)
        self.assertIn("At fault: ", done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_a_large_export(self):
        """An export of many events is whole, and the server needs no more memory for it."""
        daemon = self.make_daemon("[security]\nadmin_over_tcp = true\n")
        self.database.parent.mkdir(mode=0o700)
        SCHEMA.prepare(self.database, UpgradeOptions(), datetime.now(UTC))
        engine = writing_engine(self.database)
        with transaction(engine, "fill") as connection:
            one = event(detail="x" * 1000)
            values = {name: getattr(one, name) for name in one.__struct_fields__}
            now = int(datetime.now(UTC).timestamp() * 1e9)
            rows = ({**values, "create_time": now, "rid": str(n)} for n in range(ROWS))
            connection.execute(insert(audit), list(rows))
        engine.dispose()
        daemon.start()
        daemon.must("audit", "export", "--rid", "none")
        before = memory_mb(daemon.process.pid)
        lines = daemon.must("audit", "export", "--operation", "reload_apps").splitlines()
        self.assertLess(memory_mb(daemon.process.pid) - before, MEMORY_MB)
        self.assertEqual(len(lines), ROWS)
        numbers = [json.loads(lines[at])["rid"] for at in (0, ROWS // 2, -1)]
        self.assertEqual(numbers, ["0", str(ROWS // 2), str(ROWS - 1)])
        self.assertIn(f"{ROWS} older than the chain", daemon.must("audit", "verify"))
        far = f"https://localhost:{daemon.ports['https']}"
        login = {"CL_ADMIN_PASSWORD": PASSWORD, "CL_CA_FILE": str(daemon.certificate)}
        arguments = ("audit", "export", "--operation", "reload_apps", "--server-uri", far)
        done = daemon.cli(*arguments, env=login)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines(), lines)

    def test_reads(self):
        """With ``audit.reads`` what only reads is recorded, of operators and of visitors."""
        daemon = self.make_daemon("[audit]\nreads = true\n").start()
        self.create(daemon, "/a")
        self.assertEqual(daemon.get("/a/").status, 200)
        daemon.must("app", "list")
        rows = map(json.loads, daemon.must("audit", "list", "--format", "jsonl").splitlines())
        found = [(row["operation"], row["event_type"], row["user_id"]) for row in rows]
        self.assertIn(("list_apps", "system", "admin"), found)
        self.assertIn(("GET", "http", "anonymous"), found)
        self.assertIn(
            ("list_audit", "system", "admin"),
            [
                (row["operation"], row["event_type"], row["user_id"])
                for row in map(json.loads, daemon.must("audit", "export").splitlines())
            ],
        )
