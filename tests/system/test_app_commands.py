"""The commands for apps: what they refuse, select, print, and leave alone when only tried."""

import csv
import io
import json
import shlex

from tests.support.daemon import EXAMPLES
from tests.system.cases import SharedDaemonTestCase, own_warnings

HELLO = str(EXAMPLES / "hello")
DRY = "\n*** dry-run mode, changes have NOT been committed. ***\n"
APP = """
load("exec.in", "exec")
app = ace.app(
    "Wants", routes = [ace.api("/", handler = lambda req: "VERSION", type = ace.TEXT)],
    permissions = [ace.permission("exec.in", "run", ["true"])],
)
"""


def version(text):
    return {"app.star": APP.replace("VERSION", text)}


class DryRunTests(SharedDaemonTestCase):
    def assert_dry(self, *arguments):
        """It goes through, says that nothing was done, and nothing was."""
        before = self.state()
        done = self.daemon.must("app", *arguments, "--dry-run")
        self.assertTrue(done.endswith(DRY), done)
        self.assertEqual(self.state(), before)

    def state(self):
        answer = self.daemon.admin("GET", "/_clace/apps?internal=true&appPathGlob=all")
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def test_dry_runs(self):
        """Every command that changes something can be tried without changing it."""
        folder = self.source(version("one"))
        self.assert_dry("create", "--approve", str(folder), "/dry")
        self.assertEqual(self.daemon.get("/dry").status, 404)

        self.daemon.must("app", "create", str(folder), "/dry")
        self.assert_dry("approve", "--promote", "/dry")
        self.assertEqual(self.daemon.get("/dry").status, 500)

        self.daemon.must("app", "approve", "--promote", "/dry")
        self.assertEqual(self.daemon.get("/dry").body, "one")
        self.source(version("two"), folder)
        self.assert_dry("reload", "--promote", "/dry")
        self.daemon.must("app", "reload", "/dry")
        self.assert_dry("promote", "/dry")
        self.assertEqual(self.daemon.get("/dry").body, "one")
        self.assertEqual(self.daemon.get("/dry_cl_stage").body, "two")

        self.assert_dry("delete", "/dry")
        self.daemon.must("app", "delete", "/dry")
        for path in ("/dry", "/dry_cl_stage"):
            self.assertEqual(self.daemon.get(path).status, 404)

    def test_dry_refusals(self):
        """What would be refused is refused in a dry run too."""
        self.daemon.install(HELLO, "/dry-taken")
        said = self.daemon.refused("app", "create", "--dry-run", HELLO, "/dry-taken")
        self.assertEqual(
            said,
            "error: App already exists at /dry-taken\n"
            "  to serve what its source is now: clace app reload --promote /dry-taken\n",
        )


class ConflictTests(SharedDaemonTestCase):
    def test_conflicts(self):
        """No app is installed where one is, above one, or below one; another domain and the root
        are free.
        """
        domain, told = "conflict.example.com", "App already exists at conflict.example.com:/a/b"
        self.daemon.install(HELLO, f"{domain}:/a/b")
        nested = "an app cannot be above or below another, except at /"
        ways = {
            "/a/b": f"to serve what its source is now: clace app reload --promote {domain}:/a/b",
            "/a": nested,
            "/a/b/c": nested,
        }
        for path, way in ways.items():
            body = {"path": f"{domain}:{path}", "source_url": HELLO}
            answer = self.daemon.admin("POST", "/_clace/app", json.dumps(body).encode())
            self.assertEqual(answer.status, 409)
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            problem = json.loads(answer.body)
            self.assertEqual((problem["code"], problem["message"]), (409, f"{told}\n{way}"))
        said = self.daemon.refused("app", "create", HELLO, f"{domain}:/a")
        self.assertEqual(said, f"error: {told}\n  {nested}\n")
        for free in (f"{domain}:/a/bc", "other.example.com:/a/b"):
            self.daemon.install(HELLO, free)
        self.create(f"{domain}:/", version("root"), approve=True)
        host = {"Host": domain}
        self.assertEqual(self.daemon.get("/", headers=host).body, "root")
        self.assertNotEqual(self.daemon.get("/a/b", headers=host).body, "root")

    def test_bad_paths(self):
        """A path that no app may have is refused, and why."""
        for path, told in (
            ("nothing", "/"),
            ("a:b:/c", ":"),
            ("/x_cl_stage", "_cl_"),
            ("/a/../b", ".."),
        ):
            said = self.daemon.refused("app", "create", HELLO, path)
            self.assertTrue(said.startswith("error: "), said)
            self.assertIn(told, said)

    def test_no_source(self):
        """A folder that does not exist is told before the server is asked."""
        said = self.daemon.refused("app", "create", "./no-such-folder", "/nowhere")
        self.assertTrue(said.startswith("error: path does not exist ./no-such-folder"), said)


class ListTests(SharedDaemonTestCase):
    """All tests list the same five apps, of two domains."""

    config = "[client]\ndefault_format = 'basic'\n"
    domain = "list.example.com"

    def setUp(self):
        super().setUp()
        if self.paths("all"):
            return
        for path in ("/one", "/tools/one", "/tools/two", "/tools/deep/one"):
            self.daemon.install(HELLO, path)
        live = self.source(version("live"), self.daemon.home / "live")
        self.daemon.install(live, f"{self.domain}:/live", auth="none", dev=True)

    def paths(self, glob):
        answer = self.daemon.admin("GET", f"/_clace/apps?appPathGlob={glob}")
        apps = json.loads(answer.body)["apps"]
        return [f"{app['domain']}:{app['path']}".removeprefix(":") for app in apps]

    def test_globs(self):
        """A glob selects by domain and path; without a domain it means no domain."""
        for glob, paths in (
            ("/one", ["/one"]),
            ("/tools/*", ["/tools/one", "/tools/two"]),
            ("/tools/**", ["/tools/deep/one", "/tools/one", "/tools/two"]),
            ("/**/one", ["/one", "/tools/deep/one", "/tools/one"]),
            ("*.example.com:**", [f"{self.domain}:/live"]),
            (f"{self.domain}:/nothing*", []),
            ("all", ["/one", "/tools/deep/one", "/tools/one", "/tools/two", "*"]),
        ):
            expected = [f"{self.domain}:/live" if path == "*" else path for path in paths]
            self.assertEqual(sorted(self.paths(glob)), sorted(expected), glob)
        self.assertIn("error: ", self.daemon.refused("app", "list", "a:b:c"))

    def test_basic(self):
        """Columns under a header; staging apps only with --internal."""
        listed = self.daemon.must("app", "list").splitlines()
        self.assertEqual(listed[0].split(), ["Name", "Type", "Ver", "Auth", "AppPath"])
        self.assertEqual(len(listed), 6)
        self.assertIn("Hello                          PROD     1 DEFAULT /one", listed)
        self.assertIn(
            f"Wants                          DEV      0 NONE    {self.domain}:/live", listed
        )
        internal = self.daemon.must("app", "list", "--internal", "/one").splitlines()
        self.assertEqual(
            internal[1:],
            [
                "Hello                          PROD     1 DEFAULT /one",
                "Hello                          STG      1 DEFAULT /one_cl_stage",
            ],
        )

    def test_formats(self):
        """The formats for programs can be read by programs, and say the same."""

        def listed(form, glob="/tools/*"):
            return self.daemon.must("app", "list", "--format", form, glob)

        apps = json.loads(listed("json"))
        self.assertEqual({app["path"] for app in apps}, {"/tools/one", "/tools/two"})
        self.assertEqual([json.loads(line) for line in listed("jsonl").splitlines()], apps)
        blocks = listed("jsonl_pretty").rstrip("\n").split("\n\n")
        self.assertEqual([json.loads(block) for block in blocks], apps)
        rows = list(csv.reader(io.StringIO(listed("csv"))))
        self.assertEqual([row[1] for row in rows], [app["id"] for app in apps])
        table = listed("table").splitlines()
        self.assertEqual(table[0].split()[:3], ["Name", "Id", "Type"])
        self.assertEqual(len(table), 3)
        self.assertEqual(json.loads(listed("json", "/nothing*")), [])

    def test_unknown_format(self):
        """A format that there is none of is refused with those that there are."""
        said = self.daemon.refused("app", "list", "--format", "xml", status=2)
        self.assertEqual(
            said,
            'error: invalid format "xml": valid options are'
            " table, basic, csv, json, jsonl, jsonl_pretty\n"
            "run 'clace app list --help' for usage\n",
        )

    def test_changed_star(self):
        """A star says that staging is ahead of production."""
        self.create("star.example.com:/", version("one"), approve=True)
        self.addCleanup(self.daemon.must, "app", "delete", "star.example.com:/")
        self.daemon.must("app", "reload", "star.example.com:/")
        for form, column in (("basic", 1), ("table", 2)):
            row = self.daemon.must("app", "list", "--format", form, "star.example.com:**")
            self.assertEqual(row.splitlines()[1].split()[column], "PROD*")

    def test_no_apps_selected(self):
        """A glob that selects nothing is no error: nothing is what was done."""
        self.assertEqual(self.daemon.must("app", "delete", "/no/such/**"), "0 app(s) deleted.\n")

    def test_path_without_an_app(self):
        """A mistyped path is an error, and the server answers 404 to other clients."""
        self.create("/typed", version("one"))
        self.addCleanup(self.daemon.must, "app", "delete", "/typed")
        for command in (("reload",), ("update-settings", "auth", "none")):
            self.assertEqual(
                self.daemon.refused("app", *command, "/tpyed"),
                "error: app not found: /tpyed. Did you mean /typed?\n",
            )
        answer = self.daemon.admin("POST", "/_clace/promote?appPathGlob=/tpyed")
        self.assertEqual(answer.status, 404)


class ShowTests(SharedDaemonTestCase):
    def test_show(self):
        """An app that fails is shown with the place, its twin and what it may do."""
        failing = 'ace.api("/", handler = lambda req: 1 // 0, type = ace.TEXT)'
        folder = self.create(
            "/shown", {"app.star": f'app = ace.app("Fails", routes = [{failing}])'}, auth="none"
        )
        self.addCleanup(self.daemon.must, "app", "delete", "/shown")
        self.assertEqual(self.daemon.get("/shown").status, 500)
        text = self.daemon.must("app", "show", "/shown")
        self.assertTrue(text.startswith("App:          /shown (prod)\nName:         Fails\n"))
        for part in (
            f"Source:       {folder}\n",
            "\n/shown serves version 1\n  http://localhost:",
            "\n/shown_cl_stage serves version 1\n",
            "\n    memory_mb = 512\n",
        ):
            self.assertIn(part, text)
        shown = json.loads(self.daemon.must("app", "show", "--format", "json", "/shown"))
        (failure,) = shown["versions"][0]["failures"]
        self.assertIn("app.star:1", failure["place"])
        self.assertEqual((failure["method"], failure["route"]), ("GET", "/"))
        self.assertEqual(shown["versions"][1]["failures"], [])
        answer = self.daemon.admin("GET", "/_clace/app/show?appPath=/none")
        self.assertEqual(answer.status, 404)


class ApprovalTests(SharedDaemonTestCase):
    def test_dropped_approvals_do_not_return(self):
        """What an app stopped asking for has to be approved again."""
        asking = version("one")
        handler = 'ace.api("/", handler = lambda req: "none", type = ace.TEXT)'
        asks_nothing = {"app.star": f'app = ace.app("Wants", routes = [{handler}])'}
        folder = self.create("/drops", asking, approve=True)
        self.addCleanup(self.daemon.must, "app", "delete", "/drops")
        self.source(asks_nothing, folder)
        self.assertEqual(self.daemon.get("/drops").body, "one")
        self.daemon.must("app", "reload", "--promote", "/drops")
        self.assertEqual(self.daemon.get("/drops").body, "none")
        self.source(asking, folder)
        said = self.daemon.refused("app", "reload", "--promote", "/drops")
        self.assertIn("app /drops needs approval", said)
        self.assertEqual(self.daemon.get("/drops").body, "none")


SILENT = """
load("fs.in", "fs")

def handler(req):
    return fs.abs(".").value

app = ace.app(
    "Silent", custom_layout = True, routes = [ace.html("/", "page.go.html"), ace.html("/gone")],
    permissions = [ace.permission("fs.in", "abs"), ace.permission("fs.in", "list")],
    style = ace.style("daisyui"),
)
"""


class WarningTests(SharedDaemonTestCase):
    def test_told_at_create_and_reload(self):
        """What has no effect in an app is said with its place, and the app is there."""
        folder = self.source({"app.star": SILENT, "page.go.html": '\n{{ static "nosuch.css" }}'})
        path = f"/{self._testMethodName}"
        otherwise = "its handler has to redirect, or to answer with ace.response"
        told = [
            f"app.star:8:1: route /gone: there is no template index.go.html; {otherwise}",
            "app.star:10:1: static/gen/css/style.css is missing: build it and add it to the source",
            "page.go.html:2: there is no file static/nosuch.css",
        ]
        created = self.daemon.cli("app", "create", "--approve", folder, path)
        self.assertEqual(created.returncode, 0, created.stderr)
        warnings = own_warnings(created.stderr)
        self.assertEqual(warnings[:3], [f"warning: {one}" for one in told])
        self.assertTrue(warnings[3].startswith("warning: fs.in.list looks at what is below "))
        command = warnings[3].partition("for more: clace ")[2]
        self.assertTrue(command.endswith(f', "/FOLDER"]\' {path}'), command)
        self.daemon.must(*shlex.split(command.replace("/FOLDER", "/")))
        reloaded = self.daemon.cli("app", "reload", path)
        self.assertEqual(reloaded.stderr.splitlines(), [f"warning: {path}: {one}" for one in told])

    def test_page_that_cannot_be(self):
        """A page that nothing can show is refused, and nothing is installed."""
        star = (
            'app = ace.app("A", custom_layout = True, routes = [\n    ace.html("/x", "x.go.html")])'
        )
        told = self.daemon.refused("app", "create", self.source({"app.star": star}), "/broken")
        self.assertIn("app.star:2:1: route /x: there is no template x.go.html", told)
