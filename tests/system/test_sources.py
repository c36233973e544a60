"""Apps from a live folder and from git."""

from pathlib import Path

from tests.support.repositories import Repository
from tests.system.cases import SharedDaemonTestCase, own_warnings

APP = """
load("text.star", "text")
app = ace.app("Told", routes = [ace.api("/", handler = lambda req: text(), type = ace.TEXT)])
"""


def told(text):
    return {"app.star": APP, "text.star": f'def text():\n    return "{text}"\n'}


class DevTests(SharedDaemonTestCase):
    # By default a folder is looked at every 300 ms at most; here at each request.
    config = "[system]\nfile_watcher_debounce_millis = 0\n"

    def test_saved_file(self):
        """What is saved is served at the next request, without any command."""
        folder = self.create("/dev", told("one"), dev=True)
        self.assertEqual(self.daemon.get("/dev").body, "one")
        for text in ("two", "three"):
            self.source(told(text), folder)
            self.assertEqual(self.daemon.get("/dev").body, text)
        self.assertEqual(self.daemon.get("/dev_cl_stage").status, 404)

    def test_template_and_static(self):
        """Pages and files below static count as much as the code."""
        page = {
            "app.star": "def handler(req):\n    return {}\n"
            'app = ace.app("Page", custom_layout = True, routes = [ace.html("/")])\n',
            "index.go.html": '<p>{{ static "s.css" }}',
            "static/s.css": "one",
        }
        folder = self.create("/dev-page", page, dev=True)
        first = self.daemon.get("/dev-page").body
        self.source({"static/s.css": "two"}, folder)
        second = self.daemon.get("/dev-page").body
        self.assertNotEqual(first, second)
        self.assertEqual(self.daemon.get(second.removeprefix("<p>")).body, "two")
        self.source({"index.go.html": "<b>new"}, folder)
        self.assertEqual(self.daemon.get("/dev-page").body, "<b>new")

    def test_broken_and_mended(self):
        """A saved mistake is what is served, with its place, until it is mended."""
        folder = self.create("/dev-broken", told("one"), dev=True)
        self.source({"text.star": "def text(:\n"}, folder)
        for _ in range(2):
            answer = self.daemon.get("/dev-broken")
            self.assertEqual(answer.status, 500)
            self.assertIn("text.star:1:11", answer.body)
        self.source(told("two"), folder)
        self.assertEqual(self.daemon.get("/dev-broken").body, "two")

    def test_more_permissions(self):
        """What a saved file wants besides is refused until it is approved."""
        folder = self.create("/dev-wants", told("one"), dev=True)
        wanting = 'load("exec.in", "exec")\n' + APP.replace(
            '"Told",', '"Told", permissions = [ace.permission("exec.in", "run", ["true"])],'
        )
        self.source({"app.star": wanting}, folder)
        answer = self.daemon.get("/dev-wants")
        self.assertEqual(answer.status, 500)
        self.assertIn("app /dev-wants is not permitted to load plugin exec.in", answer.body)
        self.daemon.must("app", "approve", "/dev-wants")
        self.assertEqual(self.daemon.get("/dev-wants").body, "one")

    def test_stored_apps_do_not_follow(self):
        """A folder from which an app was stored may change as it likes."""
        folder = self.create("/stored", told("one"))
        self.source(told("two"), folder)
        self.assertEqual(self.daemon.get("/stored").body, "one")
        self.assertEqual(self.daemon.get("/stored_cl_stage").body, "one")


class DefaultDevTests(SharedDaemonTestCase):
    def test_saved_file(self):
        """As the server ships, what is saved is served before anybody has turned to the browser."""
        folder = self.create("/dev-default", told("one"), dev=True)
        self.assertEqual(self.daemon.get("/dev-default").body, "one")
        self.source(told("two"), folder)
        self.wait_until(
            "the saved file is served",
            lambda: self.daemon.get("/dev-default").body == "two",
            seconds=2,
        )


class GitTests(SharedDaemonTestCase):
    def setUp(self):
        super().setUp()
        work = Repository(Path(self.mktemp()).absolute())
        bare = Path(self.mktemp()).absolute()
        work.git("clone", "--quiet", "--bare", ".", str(bare))
        work.git("remote", "add", "origin", str(bare))
        # Servers of repositories allow this; a path of a commit needs it.
        work.git("-C", str(bare), "config", "uploadpack.allowAnySHA1InWant", "true")
        self.work, self.url = work, f"file://{bare}"

    def push(self, text, branch="main"):
        """The id of a commit with this text, pushed."""
        files = {f"apps/told/{name}": file.encode() for name, file in told(text).items()}
        commit = self.work.commit(files, f"say {text}")
        self.work.git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return commit

    def must_create(self, path, *options):
        return self.daemon.must("app", "create", *options, f"{self.url}//apps/told", path)

    def test_branch(self):
        """A branch is followed by reloads; while its commit is the same they skip."""
        first = self.push("one")
        self.push("other", "side")
        self.must_create("/git")
        self.assertEqual(self.daemon.get("/git").body, "one")
        table = self.daemon.must("app", "list", "--format", "table", "/git")
        self.assertIn(f"main:{first[:20]}", table)

        skipped = self.daemon.must("app", "reload", "/git")
        self.assertEqual(
            skipped,
            "Skipped apps: /git_cl_stage\n"
            "0 app(s) reloaded, 1 app(s) skipped, 0 app(s) approved, 0 app(s) promoted.\n",
        )
        self.push("two")
        reloaded = self.daemon.must("app", "reload", "--promote", "/git")
        self.assertTrue(reloaded.startswith("Reloaded apps: /git_cl_stage\n"), reloaded)
        self.assertEqual(self.daemon.get("/git").body, "two")

        self.daemon.must("app", "reload", "--branch", "side", "--promote", "/git")
        self.assertEqual(self.daemon.get("/git").body, "other")
        forced = self.daemon.must("app", "reload", "--force-reload", "/git")
        self.assertIn("1 app(s) reloaded, 0 app(s) skipped", forced)

    def test_commit(self):
        """An app that was made of a commit stays with it."""
        first = self.push("one")
        self.push("two")
        self.must_create("/git-commit", "--commit", first)
        self.assertEqual(self.daemon.get("/git-commit").body, "one")
        self.assertIn("0 app(s) reloaded, 1", self.daemon.must("app", "reload", "/git-commit"))

    def test_tag_and_short_hash(self):
        """A tag or a few characters of a hash are enough, with either option."""
        first = self.push("one")
        self.work.git("tag", "v1")
        self.work.git("push", "--quiet", "origin", "v1")
        self.push("two")
        self.must_create("/tagged", "--branch", "v1")
        self.assertEqual(self.daemon.get("/tagged").body, "one")
        self.assertIn("0 app(s) reloaded, 1", self.daemon.must("app", "reload", "/tagged"))
        for option in ("--commit", "--branch"):
            self.daemon.must("app", "reload", "--branch=main", "--promote", "/tagged")
            self.assertEqual(self.daemon.get("/tagged").body, "two")
            self.daemon.must("app", "reload", option, first[:9], "--promote", "/tagged")
            self.assertEqual(self.daemon.get("/tagged").body, "one")

    def test_link_to_nothing(self):
        """A link that leads nowhere is left out, and the command warns of it."""
        self.push("one")
        folder = self.source(told("linked"))
        (folder / "old").symlink_to("/no/such/file")
        done = self.daemon.cli("app", "create", str(folder), "/linked")
        self.assertEqual(
            (done.returncode, own_warnings(done.stderr)),
            (0, ["warning: old is a symbolic link to nothing, it was left out"]),
        )
        self.assertEqual(self.daemon.get("/linked").body, "linked")
        (folder / "real").symlink_to("/etc/hostname")
        self.assertIn("real is a symbolic link", self.daemon.refused("app", "reload", "/linked"))

    def test_refused(self):
        """What git cannot find is told by its name, and nothing is created."""
        self.push("one")
        for option, name in (("--branch", "no-such-branch"), ("--commit", "0" * 40)):
            source = f"{self.url}//apps/told"
            said = self.daemon.refused("app", "create", option, name, source, "/git-none")
            self.assertIn(name, said)
            self.assertEqual(self.daemon.get("/git-none").status, 404)
        said = self.daemon.refused("app", "create", f"{self.url}//no/such", "/git-none")
        self.assertIn("no/such", said)
