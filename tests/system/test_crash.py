"""A server that is killed in the middle of its work, and started again."""

import json
import random
import shutil
import sqlite3
import time
from pathlib import Path

from tests.support.repositories import Repository
from tests.system.cases import DaemonTestCase, runs

APP = 'app = ace.app("Large", routes = [ace.api("/", handler = lambda req: {"n": 1})])\n'
FILES = 20
SIZE = 40_000


def children_of(pid):
    """All processes that descend from one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, new = set(), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new}
        found |= new
    return found


class KilledCase(DaemonTestCase):
    def setUp(self):
        chance = random.Random(7)
        self.contents = {f"static/{n}.txt": chance.randbytes(SIZE).hex() for n in range(FILES)}
        self.folder = self.source({"app.star": APP, **self.contents})
        self.daemon = self.make_daemon().start()

    def begin_create(self):
        body = {"path": "/large", "source_url": str(self.folder), "app_authn": "none"}
        return self.daemon.begin_admin("POST", "/_clace/app", json.dumps(body).encode())

    def must_create(self):
        answer = self.begin_create().answer()
        self.assertEqual(answer.status, 200, answer.body)

    def kill(self):
        """End the server at once; all that it had started ends too."""
        started = children_of(self.daemon.process.pid)
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.wait_until("no orphans", lambda: not any(map(runs, started)))

    def assert_sound(self):
        """The database is whole, before any server has mended it."""
        copy = Path(self.mktemp())
        shutil.copytree(self.daemon.home / "metadata", copy)
        for file in copy.glob("*.db"):
            connection = sqlite3.connect(file)
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(connection.execute("PRAGMA foreign_key_check").fetchall(), [])
            connection.close()

    def at(self, seconds):
        return lambda: time.sleep(seconds)

    def when_written(self):
        """The moment in which the database is first written to."""
        log = self.daemon.home / "metadata" / "clace_metadata.db-wal"
        size = log.stat().st_size
        limit = time.monotonic() + 10
        while log.stat().st_size == size and time.monotonic() < limit:
            pass

    def restart_killed(self):
        self.kill()
        self.assert_sound()
        self.daemon.start()


class CrashTests(KilledCase):
    def installed(self):
        """The paths of the apps that there are."""
        answer = self.daemon.admin("GET", "/_clace/apps?internal=true")
        self.assertEqual(answer.status, 200, answer.body)
        apps = json.loads(answer.body)["apps"]
        versions = {app["metadata"]["version_metadata"]["version"] for app in apps}
        self.assertLessEqual(versions, {1})
        return [app["path"] for app in apps]

    def assert_all_or_nothing(self):
        """The app, its twin and all their files are there, or no trace of them; whether it is."""
        apps = self.installed()
        if not apps:
            self.assertEqual(self.daemon.get("/large").status, 404)
            self.assertEqual(self.daemon.get("/large_cl_stage").status, 404)
            return False
        self.assertEqual(apps, ["/large", "/large_cl_stage"])
        for path in apps:
            self.assertEqual(self.daemon.get(path).body, '{"n":1}\n')
            for name, content in self.contents.items():
                answer = self.daemon.get(f"{path}/{name}")
                self.assertEqual(answer.status, 200)
                self.assertTrue(answer.body == content, name)
        return True

    def test_killed_while_creating(self):
        """Whenever it is killed, the app is wholly there afterwards or not at all."""
        begun = time.monotonic()
        self.must_create()
        took = time.monotonic() - begun
        self.assertTrue(self.assert_all_or_nothing())
        self.daemon.must("app", "delete", "/large")
        for moment in (self.at(took * 0.5), self.when_written, self.at(took * 0.9)):
            request = self.begin_create()
            moment()
            self.restart_killed()
            request.connection.close()
            if self.assert_all_or_nothing():
                self.daemon.must("app", "delete", "/large")
        # What was left half done is in nobody's way, and what is told to be done stays done.
        self.must_create()
        self.restart_killed()
        self.assertTrue(self.assert_all_or_nothing())
        self.assertIn("/large_cl_stage", self.daemon.must("app", "list", "--internal"))


class ReloadTests(KilledCase):
    """The same for a reload with promotion; ``tests/operations/test_killed.py`` tries each step."""

    def begin_reload(self, number):
        """Let the source be another one, and reload it."""
        for name in self.contents:
            (self.folder / name).write_text(f"{number}\n{self.contents[name]}")
        return self.daemon.begin_admin("POST", "/_clace/reload?appPathGlob=/large&promote=true")

    def served(self):
        """The number of the source that all files of the app and of its twin are of."""
        numbers = set()
        for path in self.installed_paths():
            for name, content in self.contents.items():
                number, _, rest = self.daemon.get(f"{path}/{name}").body.rpartition("\n")
                self.assertTrue(rest == content, name)
                numbers.add(number)
        self.assertEqual(len(numbers), 1, numbers)
        return numbers.pop()

    def installed_paths(self):
        answer = self.daemon.admin("GET", "/_clace/apps?internal=true")
        paths = [app["path"] for app in json.loads(answer.body)["apps"]]
        self.assertEqual(paths, ["/large", "/large_cl_stage"])
        return paths

    def test_killed_while_reloading(self):
        """Whenever it is killed, all files of the app and of its twin are the old ones or the new
        ones; what was answered stays.
        """
        self.must_create()
        begun = time.monotonic()
        self.assertEqual(self.begin_reload(1).answer().status, 200)
        took = time.monotonic() - begun
        self.assertEqual(self.served(), "1")
        before = "1"
        moments = (self.at(took * 0.5), self.when_written, self.at(took * 0.95))
        for number, moment in enumerate(moments, 2):
            request = self.begin_reload(number)
            moment()
            self.restart_killed()
            request.connection.close()
            found = self.served()
            self.assertIn(found, (before, str(number)))
            before = found
        self.assertEqual(self.begin_reload(9).answer().status, 200)
        self.restart_killed()
        self.assertEqual(self.served(), "9")


BODY = """def handler(req):
    return "{}"

app = ace.app("Small", routes=[ace.api("/", type=ace.TEXT)])
"""


class StepsTests(KilledCase):
    """The steps of an operation that show outside of the server: it starts a process (git, or an
    app's), it writes to the database, it answers. Killed at each of them it has the old state
    afterwards or the new one; ``tests/operations/test_killed.py`` tries each step inside.
    """

    def setUp(self):
        super().setUp()
        self.folder = self.source({"app.star": BODY.format("0")})
        self.daemon.install(self.folder, "/a", auth="none", approve=True)

    def begin(self, route):
        return self.daemon.begin_admin("POST", f"/_clace/{route}", b"{}")

    def must(self, route):
        answer = self.begin(route).answer()
        self.assertEqual(answer.status, 200, answer.body)

    def stage(self, body):
        """Let the staging app answer something else."""
        (self.folder / "app.star").write_text(BODY.format(body))
        self.must("reload?appPathGlob=/a")

    def served(self, *paths):
        """What is answered at each path, and how many apps there are."""
        apps = json.loads(self.daemon.admin("GET", "/_clace/apps?internal=true").body)["apps"]
        answers = [self.daemon.get(path, login=None) for path in paths]
        told = [each.body if each.status == 200 else each.status for each in answers]
        return *told, len(apps)

    def when_started(self, request, before):
        limit = time.monotonic() + 10
        while children_of(self.daemon.process.pid) == before and time.monotonic() < limit:
            pass

    def when_writes(self, request, before):
        self.when_written()

    def when_answered(self, request, before):
        self.assertEqual(request.answer().status, 200)

    def each_step(self, prepare, route, paths, before, after):
        """Kill the server at each step of an operation; ``before`` and ``after`` it, ``paths``
        answer so.
        """
        for step in (self.when_started, self.when_writes, self.when_answered):
            prepare()
            self.assertEqual(self.served(*paths), before)
            children = children_of(self.daemon.process.pid)
            request = self.begin(route)
            step(request, children)
            self.restart_killed()
            request.connection.close()
            found = self.served(*paths)
            self.assertIn(found, (before, after), step)
        self.assertEqual(found, after)

    def test_promote(self):
        """Production has the version before, or that of its staging app."""

        def prepare():
            self.stage("0")
            self.must("promote?appPathGlob=/a")
            self.stage("1")

        paths = ("/a", "/a_cl_stage")
        self.each_step(prepare, "promote?appPathGlob=/a", paths, ("0", "1", 2), ("1", "1", 2))

    def test_revert(self):
        """The app has the version that it went back from, or the one it went back to."""

        def prepare():
            for body in "01":
                self.stage(body)
                self.must("promote?appPathGlob=/a")

        route = "version?appPath=/a&version=revert"
        self.each_step(prepare, route, ("/a",), ("1", 2), ("0", 2))

    def test_apply(self):
        """One app is changed and another created, or neither is."""
        other = self.source({"app.star": BODY.format("other")})
        lines = f'app("/a", "{self.folder}", auth="none")\napp("/b", "{other}", auth="none")\n'
        file = self.source({"apps.ace": lines}) / "apps.ace"

        def prepare():
            self.daemon.admin("DELETE", "/_clace/app?appPathGlob=/b*")
            self.stage("0")
            self.must("promote?appPathGlob=/a")
            (self.folder / "app.star").write_text(BODY.format("1"))

        route = f"apply?applyPath={file}&reload=matched&promote=true&approve=true"
        self.each_step(prepare, route, ("/a", "/b"), ("0", 404, 2), ("1", "other", 4))

    def test_preview(self):
        """The preview is served and listed, or not there at all."""
        repository = Repository(Path(self.mktemp()).absolute())
        repository.commit({"app.star": BODY.format("main").encode()})
        self.daemon.install(repository.url, "/git", auth="none", approve=True)
        commit = repository.commit({"app.star": BODY.format("next").encode()})
        address = f"/git_cl_preview_{commit}"
        named = f"appPath=/git&commitId={commit}"

        def prepare():
            self.daemon.admin("DELETE", f"/_clace/preview?{named}")

        route = f"preview?{named}&approve=true"
        self.each_step(prepare, route, (address,), (404, 4), ("next", 5))


class ProgramsTests(DaemonTestCase):
    APP = """
load("exec.in", "exec")

def sleeps(req):
    return exec.run("sh", ["-c", "echo $$; exec sleep 60"], stream = True)

def writes(req):
    return exec.run("sh", ["-c", "echo $$; exec sleep 60"], stdout_file = True).value

app = ace.app("Programs", routes = [
    ace.api("/sleeps", handler = sleeps, type = ace.TEXT), ace.api("/writes", handler = writes)],
    permissions = [ace.permission("exec.in", "run", ["sh"])])
"""

    def test_killed(self):
        """The programs of a server that is killed end with it; their files go when it starts."""
        daemon = self.make_daemon().start()
        daemon.install(self.source({"app.star": self.APP}), "/programs", approve=True)
        pending = [daemon.begin("GET", f"/programs/{name}") for name in ("sleeps", "writes")]
        pid = int(pending[0].connection.getresponse().readline())
        folder = daemon.home / "run" / "tmp"
        self.wait_until("there is a file", lambda: list(folder.iterdir()))
        started = children_of(daemon.process.pid)
        self.assertTrue(pid in started and runs(pid))
        daemon.process.kill()
        daemon.process.wait()
        self.wait_until("no program runs", lambda: not any(map(runs, started)))
        for request in pending:
            request.connection.close()
        self.assertEqual(len(list(folder.iterdir())), 1)
        daemon.start()
        self.assertEqual(list(folder.iterdir()), [])
