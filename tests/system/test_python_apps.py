"""Apps without an app.star: recognised, built behind a wall and served, without any index."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from tests.support.daemon import PASSWORD
from tests.support.python_wheels import make_wheels
from tests.system.cases import SharedDaemonTestCase

SALES = """
import os
import flask

app = flask.Flask(__name__)

@app.get("/")
def index():
    path, greeting = os.environ["CL_APP_PATH"], os.environ.get("GREETING", "")
    return f"{TEXT} with flask {flask.version} for {path}{greeting}"
"""
HANGS = """
import os, time
import flask

app = flask.Flask(__name__)
SIGNAL = "/tmp/hangs"

@app.get("/hang")
def hang():
    open(SIGNAL, "w").close()
    return "from now on"

@app.get("/")
def index():
    while os.path.exists(SIGNAL):
        time.sleep(0.1)
    return "well"
"""
# Each process of a test run has its own: it removes them after each test.
LINKS = Path(tempfile.gettempdir()) / f"clace-test-wheels-{os.getpid()}"
TCP = f"""
[security]
admin_over_tcp = true

[python]
index_url = ""
find_links = ["{LINKS}"]
"""


class PythonAppTests(SharedDaemonTestCase):
    config = TCP

    def setUp(self):
        make_wheels(LINKS)
        self.addCleanup(shutil.rmtree, LINKS, ignore_errors=True)
        super().setUp()

    def put(self, text="one", name="sales.py", **more):
        folder = self.source({name: f"TEXT = {text!r}\n{SALES}", **more})
        return folder / name

    def test_single_file(self):
        """A file is an app: its kind is told, and so is the reason, and its page is served."""
        created = self.daemon.must("app", "create", "--approve", str(self.put()), "/sales")
        self.assertIn("Spec: python-flask (sales.py imports flask)\n", created)
        page = self.daemon.get("/sales/")
        self.assertEqual((page.status, page.body), (200, "one with flask 1.0 for /sales"))
        self.assertEqual(self.daemon.get("/sales/x").status, 404)
        self.assertEqual(self.daemon.get("/sales/", login=None).status, 401)
        files = self.daemon.must("version", "files", "/sales")
        self.assertIn("app.star", files)

    def test_hangs(self):
        """One that hangs is ended, which is told wherever an operator looks, and the next request
        starts it again.
        """
        checks = (
            "status_check_interval_secs=1",
            "status_health_attempts=3",
            "health_timeout_secs=2",
        )
        conf = [word for check in checks for word in ("--conf", f"container.{check}")]
        folder = self.source({"app.py": HANGS})
        self.daemon.must("app", "create", "--approve", *conf, str(folder / "app.py"), "/hung")
        self.assertEqual(self.daemon.get("/hung/hang").body, "from now on")
        show = ("app", "show", "/hung")
        self.wait_until("ended", lambda: "Program: failed" in self.daemon.must(*show), 60)
        found = "hangs: it listens, and does not answer /hung/ in 2 seconds, in 3 of 3 checks"
        self.assertIn(f"the program of /hung {found}", self.daemon.must(*show))
        self.assertIn("clace: ended, for it hangs", self.daemon.must("app", "logs", "/hung"))
        recorded = ("audit", "list", "--operation", "program_hangs")
        self.wait_until("recorded", lambda: "/hung" in self.daemon.must(*recorded))
        self.wait_until("well again", lambda: self.daemon.get("/hung/").body == "well", 60)

    def test_variables(self):
        """Params are variables of the program, declared or not; near misses are refused."""
        file = str(self.put("with"))
        refused = self.daemon.refused("app", "create", "--param", "ap_file=x", file, "/variables")
        self.assertIn("Did you mean app_file?", refused)
        self.daemon.must("app", "create", "-a", "--param", "GREETING=!", file, "/variables")
        self.assertIn("for /variables!", self.daemon.get("/variables/").body)
        self.daemon.must("param", "update", "--promote", "GREETING", "?", "/variables")
        self.assertIn("for /variables?", self.daemon.get("/variables/").body)

    def test_production_runs_what_staging_ran(self):
        """A newer package reaches neither the staging app that is promoted nor a reload of what
        asks for the same.
        """
        file = self.put("pinned")
        self.daemon.must("app", "create", "--approve", str(file), "/pinned")
        make_wheels(LINKS, "2.0")
        file.write_text(file.read_text().replace("pinned", "newer"))
        self.daemon.must("app", "reload", "--promote", "/pinned")
        body = self.daemon.get("/pinned/").body
        self.assertEqual(body, "newer with flask 1.0 for /pinned")

    def test_missing_package(self):
        """What cannot be installed is told by its name, and nothing is installed."""
        refused = self.daemon.refused("app", "create", "--approve", str(self.broken()), "/broken")
        self.assertIn("cannot install nosuch of requirements.txt from no index", refused)
        self.assertEqual(self.daemon.get("/broken").status, 404)

    def test_two_kinds(self):
        """A source of two kinds is refused by both names, and installed when one is said."""
        file = self.put("both", **{"other.py": "import streamlit"})
        refused = self.daemon.refused("app", "create", str(file.parent), "/both")
        self.assertIn("python-flask (sales.py imports flask)", refused)
        self.assertIn("python-streamlit (other.py imports streamlit)", refused)
        said = ("app", "create", "--approve", "--spec", "python-flask")
        self.daemon.must(*said, str(file.parent), "/both")
        self.assertEqual(self.daemon.get("/both/").status, 200)

    def test_sent_over_tcp(self):
        """A folder of this machine is sent, without what is ignored, and served from there."""
        ignored = {".gitignore": "*.log\n", "big.log": "x" * 1000}
        file = self.put("sent", **ignored)
        uri = f"http://127.0.0.1:{self.daemon.ports['http']}"
        there = ("--server-uri", uri, "--admin-password", PASSWORD)
        done = self.daemon.cli("app", "create", "--approve", *there, str(file.parent), "/sent")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Sent 2 file(s), 0.", done.stderr)
        shutil.rmtree(file.parent)
        self.assertEqual(self.daemon.get("/sent/").status, 200)
        self.assertNotIn("big.log", self.daemon.must("version", "files", "/sent"))
        self.daemon.must("app", "reload", "--force-reload", "/sent")
        newer = str(self.put("newer").parent)
        replacing = ("app", "reload", *there, "--source", newer)
        done = self.daemon.cli(*replacing, "--dry-run", "/sent")
        self.assertIn("~ source: ", done.stdout)
        self.assertIn("1 app(s) reloaded", done.stdout)
        done = self.daemon.cli(*replacing, "--promote", "/sent")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Sent 1 file(s), 0.", done.stderr)
        self.assertIn("newer with flask", self.daemon.get("/sent/").body)
        self.daemon.must("version", "revert", "/sent")
        self.assertIn("sent with flask", self.daemon.get("/sent/").body)

    def test_build_is_told(self):
        """Whoever asks for a build is told its lines meanwhile, over TCP too; the result stays as
        it is.
        """
        uri = f"http://127.0.0.1:{self.daemon.ports['http']}"
        there = ("--server-uri", uri, "--admin-password", PASSWORD)
        for path, where in (("/told", ()), ("/told-over-tcp", there)):
            file = str(self.put(path))
            create = ("app", "create", "--approve", "--format", "json", *where, file, path)
            done = self.daemon.cli(*create)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["spec"], "python-flask")
            self.assertIn(f"\n{path}: Locking the packages of ", f"\n{done.stderr}")
            Path(file).write_text(f"TEXT = 'again'\n{SALES}")
            done = self.daemon.cli("app", "reload", "--promote", *where, path)
            self.assertIn(f"{path}: Packages are there: environment ", done.stderr)
        failed = self.daemon.cli(
            "app", "create", "--approve", *there, str(self.broken()), "/told-b"
        )
        self.assertEqual((failed.returncode, failed.stdout), (1, ""))
        self.assertIn("/told-b: Locking", failed.stderr)
        self.assertIn("\nerror: cannot install nosuch", failed.stderr)

    def test_state(self):
        """The state of a program is shown: the process that runs, and that it was stopped."""
        self.daemon.must("app", "create", "--approve", str(self.put("state")), "/state")
        self.assertEqual(self.daemon.get("/state/").status, 200)
        shown = json.loads(self.daemon.must("app", "show", "--format", "json", "/state"))
        program = shown["versions"][0]["program"]
        self.assertEqual(program["state"], "running")
        self.assertTrue(Path(f"/proc/{program['pid']}").exists())
        self.assertIn(f", pid {program['pid']}, ", self.daemon.must("app", "show", "/state"))
        self.daemon.must("app", "stop", "/state")
        shown = self.daemon.must("app", "show", "/state")
        self.assertIn("Program: stopped by an operator", shown)

    def broken(self):
        return self.put("x", **{"requirements.txt": "flask\nnosuch\n"}).parent

    def test_options(self):
        """An option that opens the wall has to be approved; one that nobody knows is refused."""
        file = str(self.put("option"))
        create = ("app", "create", "--copt")
        waits = self.daemon.must(*create, "network=db.example:5432", file, "/option")
        self.assertIn("process.in.network [db.example:5432]", waits)
        refused = self.daemon.refused(*create, "netwrok=x", file, "/refused")
        self.assertIn("did you mean network?", refused)
