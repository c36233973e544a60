"""The example apps, on a real server."""

import json
import re
import subprocess
import sys

from tests.support.daemon import EXAMPLES, ROOT
from tests.system.cases import DaemonTestCase, SharedDaemonTestCase

HTMX = {"HX-Request": "true"}


class HelloTests(SharedDaemonTestCase):
    def test_hello(self):
        """The page greets whom its form names, and the API says the same; neither asks for more."""
        created = self.daemon.must("app", "create", str(EXAMPLES / "hello"), "/hello")
        self.assertTrue(created.endswith("App created. No approval required\n"))
        page = self.daemon.get("/hello/?name=%3Cb%3EJo")
        self.assertIn('<h1 id="greeting">Hello, &lt;b&gt;Jo!</h1>', page.body)
        api = self.daemon.get("/hello/api/greeting?name=%3Cb%3EJo")
        self.assertEqual(api.headers["Content-Type"], "application/json")
        self.assertEqual(json.loads(api.body), {"greeting": "Hello, <b>Jo!"})

    def test_memory_usage(self):
        """The processes with the most memory come first, in the page and as JSON."""
        self.daemon.must("app", "create", "--approve", str(EXAMPLES / "memory_usage"), "/memory")
        answer = self.daemon.get("/memory/api/processes")
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        processes = json.loads(answer.body)
        sizes = [process["memory_kb"] for process in processes]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        self.assertGreater(sizes[0], 1000)
        self.assertEqual({"pid", "memory_kb", "user", "command"}, set(processes[0]))
        page = self.daemon.get("/memory")
        self.assertEqual(page.status, 200)
        self.assertIn(f"<td>{processes[0]['command']}</td>", page.body)


class ProgramTests(SharedDaemonTestCase):
    def test_lists_apps(self):
        """The program of the documentation asks the server for its apps."""
        self.daemon.must("app", "create", str(EXAMPLES / "hello"), "/listed")
        program = (sys.executable, str(EXAMPLES / "list_apps.py"))
        environ = {"CL_HOME": str(self.daemon.home), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(program, env=environ, capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        self.assertIn("/listed Hello\n", done.stdout)

    def test_lists_no_apps(self):
        """Without a server the program says so in a line, and fails."""
        program = (sys.executable, str(EXAMPLES / "list_apps.py"))
        environ = {"CL_HOME": "/nowhere", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(program, env=environ, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^error: cannot reach /nowhere/run/clace.sock: .*\n$")


class DiskUsageTests(DaemonTestCase):
    def test_disk_usage(self):
        """A folder is drilled into by links; HTMX gets the listing alone."""
        daemon = self.make_daemon()
        root = self.source(
            {"large/deep/a & b.bin": b"x" * 3_000_000, "small.bin": b"x" * 500_000},
            daemon.home / "files",
        )
        daemon.write_config(f'[node_config]\ndisk_usage_root = "{root}"\n')
        with daemon:
            created = daemon.must(
                "app", "create", "--approve", str(EXAMPLES / "disk_usage"), "/disk"
            )
            self.assertIn(f"fs.in.list [regex:{root}(/.*)?]\n", created)

            page = daemon.get("/disk")
            self.assertEqual(page.status, 200)
            self.assertTrue(page.body.startswith("<!doctype html>"))
            self.assertLess(page.body.index("large/</a>"), page.body.index("small.bin"))
            self.assertIn("<p>3.5 MB in all</p>", page.body)

            (link,) = re.findall(r'hx-get="([^"]*large)"', page.body)
            part = daemon.get(link, headers=HTMX)
            self.assertNotIn("<html", part.body)
            self.assertIn("deep/</a>", part.body)
            self.assertIn("<p>3.0 MB in all</p>", part.body)
            self.assertIn("HX-Request", ", ".join(part.headers.get_all("Vary")))

            whole = daemon.get(link)
            self.assertTrue(whole.body.startswith("<!doctype html>"))
            self.assertIn("deep/</a>", whole.body)
            self.assertIn("a &amp; b.bin", daemon.get(f"{link}%2Fdeep").body)

            (script,) = re.findall(r'<script src="([^"]*htmx-\w{64}[^"]*)"', page.body)
            self.assertEqual(daemon.get(script).status, 200)

            # What was approved is all it can see, whatever the query says.
            for elsewhere in ("/etc", f"{root}/..", "/"):
                answer = daemon.get(f"/disk?dir={elsewhere}")
                self.assertNotIn("passwd", answer.body)
                self.assertNotIn("clace.toml", answer.body)
