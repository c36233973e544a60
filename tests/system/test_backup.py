"""A server is backed up while it runs, lost, and restored, by the real command line."""

import json
import os
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from tests.support.daemon import CLACE, EXAMPLES, ROOT, Daemon
from tests.support.postgres import fresh, postgres
from tests.system.cases import DaemonTestCase

PASSPHRASE = "a passphrase that nobody guesses"


class BackupTests(DaemonTestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="clace-backup-", dir="/tmp"))
        self.addCleanup(subprocess.run, ["rm", "-rf", str(self.folder)], check=False)
        self.file = self.folder / "a.backup"
        self.key = self.folder / "key"
        self.key.write_text(PASSPHRASE)
        self.key.chmod(0o600)

    def filled(self, config=""):
        """A server with an app that has documents, a static app, a user and a secret."""
        daemon = self.make_daemon(config).start()
        daemon.must(
            "app", "create", "--approve", "--auth", "none", f"{EXAMPLES}/bookmarks", "/bookmarks"
        )
        self.bookmark(daemon, "Kept")
        source = self.source({"app.star": APP, "static/a.txt": "first"}, self.folder / "source")
        daemon.must("app", "create", "--approve", "--auth", "none", str(source), "/other")
        self.source({"static/a.txt": "second"}, source)
        daemon.must("app", "reload", "--promote", "/other")
        daemon.must("secret", "create", "--name", "token", "--value", "s3cret")
        daemon.must("user", "add", "--hash", "$2b$04$" + "a" * 53, "ann")
        return daemon

    def bookmark(self, daemon, title):
        answer = daemon.ask(
            "POST",
            "/bookmarks/add",
            login=None,
            body=f"url=https%3A%2F%2Fa.example%2F&title={title}".encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        self.assertLess(answer.status, 400, answer)

    def served(self, daemon):
        """All that visitors and operators see."""
        pages = [
            daemon.get(path, login=None)[::2] for path in ("/bookmarks", "/other/static/a.txt")
        ]
        commands = (
            ("export",),
            ("app", "list", "--internal"),
            ("version", "list", "/other"),
            ("user", "list"),
        )
        return pages, [daemon.must(*command) for command in commands]

    def create(self, daemon, *options):
        return daemon.must("backup", "create", *options, str(self.file))

    def restored(self, *options):
        """A server on the home that a restore made, which was not started yet."""
        home = Path(tempfile.mkdtemp(prefix="clace-", dir="/tmp"))
        self.addCleanup(subprocess.run, ["rm", "-rf", str(home)], check=False)
        done = subprocess.run(
            [*CLACE, "backup", "restore", *options, str(self.file)],
            env={**os.environ, "CL_HOME": str(home), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        config = (home / "clace.toml").read_text()
        daemon = Daemon(home=home)
        daemon.config.write_text(config)
        self.addCleanup(daemon.end)
        self.addCleanup(self.check_logs, daemon)
        return daemon, done.stdout

    def test_whole(self):
        """A restored server serves the same bytes and exports the same text, and has the secrets,
        whose plain text is nowhere in the backup; people wrote all the while.
        """
        daemon = self.filled()
        busy = threading.Event()
        writer = threading.Thread(target=self.write_until, args=(daemon, busy))
        writer.start()
        try:
            self.create(daemon, "--key", str(self.key))
        finally:
            busy.set()
            writer.join()
        self.assertNotIn(b"s3cret", self.file.read_bytes())
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        self.assertIn("create_backup", daemon.must("audit", "list"))
        daemon.must("backup", "verify", "--key", str(self.key), str(self.file))
        self.file.unlink()
        self.create(daemon, "--key", str(self.key))
        before = self.served(daemon)
        daemon.stop()
        again, _ = self.restored("--key", str(self.key))
        again.start()
        self.assertEqual(self.served(again), before)
        self.assertEqual(again.must("secret", "show", "--reveal", "token"), "s3cret")
        again.must("audit", "verify")
        self.bookmark(again, "Later")

    def write_until(self, daemon, ended):
        while not ended.is_set():
            self.bookmark(daemon, "Busy")

    def test_without_key(self):
        """Without the key the restored server serves the same, and has no secret."""
        daemon = self.filled()
        self.create(daemon, "--key", str(self.key))
        before = self.served(daemon)
        daemon.stop()
        again, told = self.restored("--no-secrets")
        self.assertIn("secrets: token", told)
        self.assertIn("config/secret.key", told)
        again.start()
        self.assertEqual(self.served(again), before)
        self.assertEqual(json.loads(again.must("secret", "list", "--format", "json")), [])
        again.must("secret", "create", "--name", "token", "--value", "another")

    def test_running_home(self):
        """Nothing is restored into the home of a server that runs."""
        daemon = self.filled()
        self.create(daemon, "--no-secrets")
        error = daemon.refused("backup", "restore", "--no-secrets", str(self.file))
        self.assertIn("a server is running", error)

    def test_interrupted(self):
        """A backup that is interrupted leaves nothing: not its file, and no copies in the home."""
        daemon = self.filled()
        # A hole of 4 GB is read in a while, and takes no space.
        with (daemon.home / "config" / "large.bin").open("wb") as large:
            large.truncate(1 << 22)
        folder = self.folder / "shared"
        folder.mkdir()
        with (folder / "large.bin").open("wb") as large:
            large.truncate(1 << 32)
        daemon.stop()
        daemon.write_config(f'[app_config]\nfs.file_access = ["{folder}"]\n')
        daemon.start()
        process = subprocess.Popen(
            [*CLACE, "backup", "create", "--no-secrets", str(self.file)],
            env={**daemon.environment()},
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        scratch = daemon.home / "run" / "backup"
        self.wait_until("the copies are made", scratch.exists)
        # A command takes it as it takes SIGINT, which children of a background job ignore.
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
        self.assertIn("interrupted", told)
        self.assertEqual(process.returncode, 1)
        self.wait_until("the copies are gone", lambda: not scratch.exists(), 30)
        left = [path.name for path in self.folder.iterdir()]
        self.assertEqual(sorted(left), ["key", "shared", "source"])
        self.wait_until(
            "it is recorded", lambda: "the client left" in daemon.must("audit", "list", "-f", "csv")
        )

    def test_postgres(self):
        """Documents in PostgreSQL are in the backup as SQL, and are there again when it was run."""
        url, reason = postgres()
        if not url:
            self.skipTest(reason)
        fresh(url)
        config = f'[plugin."store.in"]\ndb_connection = "{url}"\n'
        daemon = self.filled(config)
        self.create(daemon, "--key", str(self.key))
        before = self.served(daemon)
        daemon.stop()
        fresh(url)
        again, _ = self.restored("--key", str(self.key))
        sql = again.home / "restored" / "store.sql"
        subprocess.run(
            ["psql", "--quiet", "-1", "-v", "ON_ERROR_STOP=1", "--file", str(sql), url],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        again.start()
        self.assertEqual(self.served(again), before)


APP = """
def handler(req):
    return "ok"

app = ace.app("Other", routes=[ace.api("/", type=ace.TEXT)])
"""
