"""From a folder to an app that is open in a browser, and to its next version."""

import ssl

from tests.system.cases import SharedDaemonTestCase

APP = """
load("fs.in", "fs")

def handler(req):
    return {"names": [file["name"] for file in fs.list(FOLDER).value]}

app = ace.app(
    "Reports",
    custom_layout = True,
    routes = [ace.html("/")],
    permissions = [ace.permission("fs.in", "list", [FOLDER])],
)
"""
# What the next version wants besides.
WANTING = (
    APP.replace("load(", 'load("exec.in", "exec")\nload(', 1)
    .replace("permissions = [", 'permissions = [ace.permission("exec.in", "run", ["date"]), ')
    .replace("def handler(req):", "def handler(req):\n    exec.run('date').value")
)
PAGE = "<h1>Version {version}</h1>{{{{ range .Data.names }}}}<p>{{{{ . }}}}</p>{{{{ end }}}}"


def version(number, app, folder):
    return {
        "app.star": f'FOLDER = "{folder}"\n{app}',
        "index.go.html": PAGE.format(version=number),
    }


class JourneyTests(SharedDaemonTestCase):
    def reports(self, name):
        """A folder with a report that the app may list."""
        folder = self.daemon.home / name
        folder.mkdir()
        (folder / "<june>.txt").write_text("sold: 3")
        return folder

    def test_whole(self):
        """Nothing is served before it is approved, and nothing that was not approved ever is."""
        reports = self.reports("journey")
        folder = self.source(version(1, APP, reports))
        demands = f"  Plugins :\n    fs.in\n  Permissions:\n    fs.in.list [{reports}]\n"

        created = self.daemon.must("app", "create", str(folder), "/reports")
        self.assertTrue(created.startswith("      App: /reports\n HTTP Url: http://localhost:"))
        self.assertTrue(
            created.endswith(
                f"{demands}App created. Permissions need to be approved\n"
                "To approve them: clace app approve --promote /reports\n"
            )
        )
        self.assert_refused("/reports")

        approved = self.daemon.must("app", "approve", "/reports")
        self.assertRegex(
            approved, r"^App permissions have been approved /reports_cl_stage - app_stg_\w{27}\n"
        )
        self.assertIn(demands, approved)
        self.assertTrue(
            approved.endswith("1 app(s) audited, 1 app(s) approved, 0 app(s) promoted.\n")
        )
        self.assert_refused("/reports")
        self.assert_served("/reports_cl_stage", 1)

        self.assertEqual(
            self.daemon.must("app", "promote", "/reports"),
            "Promoting /reports\n1 app(s) promoted.\n",
        )
        self.assert_served("/reports", 1)

        self.source(version(2, WANTING, reports), folder)
        refused = self.daemon.refused("app", "reload", "--promote", "/reports")
        self.assertTrue(refused.startswith("error: app /reports needs approval. New:\n"), refused)
        command = "clace app reload --approve --promote /reports"
        self.assertTrue(refused.endswith(f"\n  to approve it: {command}\n"), refused)
        self.assert_served("/reports", 1)
        self.assert_served("/reports_cl_stage", 1)

        reloaded = self.daemon.must("app", "reload", "--approve", "/reports")
        self.assertIn("    exec.in.run [date]\n", reloaded)
        self.assertTrue(
            reloaded.endswith(
                "1 app(s) reloaded, 0 app(s) skipped, 1 app(s) approved, 0 app(s) promoted.\n"
            )
        )
        self.assert_served("/reports_cl_stage", 2)
        self.assert_served("/reports", 1)

        self.daemon.must("app", "promote", "all")
        self.assert_served("/reports", 2)

    def assert_refused(self, path):
        answer = self.daemon.get(path)
        self.assertEqual(answer.status, 500)
        self.assertIn(
            f"app {path} is not permitted to load plugin fs.in."
            " Audit the app and approve permissions",
            answer.body,
        )

    def assert_served(self, path, number):
        """Over HTTP and HTTPS, with the file name escaped for where it stands."""
        for scheme in ("http", "https"):
            answer = self.daemon.get(path, scheme=scheme)
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
            self.assertIn(f"<h1>Version {number}</h1>", answer.body)
            self.assertIn("&lt;june&gt;.txt</p>", answer.body)

    def test_approved_at_once(self):
        """With --approve an app is open as soon as it is created."""
        folder = self.source(version(1, APP, self.reports("at-once")))
        created = self.daemon.must("app", "create", "--approve", str(folder), "/at-once")
        self.assertTrue(created.endswith("App created. Permissions have been approved\n"))
        self.assert_served("/at-once", 1)

    def test_approved_and_promoted_at_once(self):
        """A reload may approve and promote what it brings."""
        reports = self.reports("all-at-once")
        folder = self.source(version(1, APP, reports))
        self.daemon.must("app", "create", str(folder), "/all-at-once")
        self.source(version(2, WANTING, reports), folder)
        done = self.daemon.must("app", "reload", "--approve", "--promote", "/all-at-once")
        self.assertIn("Promoted apps: /all-at-once\n", done)
        self.assert_served("/all-at-once", 2)

    def test_only_what_was_approved(self):
        """A call with other arguments than those approved fails with both of them in the text."""
        reports = self.reports("narrow")
        wide = APP.replace("fs.list(FOLDER)", 'fs.list("/etc")')
        folder = self.source(version(1, wide, reports))
        self.daemon.must("app", "create", "--approve", str(folder), "/narrow")
        answer = self.daemon.get("/narrow")
        self.assertEqual(answer.status, 500)
        self.assertIn(
            "app /narrow is not permitted to call fs.in.list with argument 0 having value"
            f' "/etc", expected "{reports}". Update the app or audit and approve permissions',
            answer.body,
        )

    def test_versions_do_not_mix(self):
        """Production keeps the template and the static files that were promoted."""
        folder = self.create(
            "/mix",
            {
                "app.star": 'app = ace.app("Mix", custom_layout = True, routes = [ace.html("/")])\n'
                "def handler(req):\n    return {}\n",
                "index.go.html": '<link href="{{ static "s.css" }}">one',
                "static/s.css": "/* one */",
            },
        )
        before = self.daemon.get("/mix")
        self.source(
            {"index.go.html": '<link href="{{ static "s.css" }}">two', "static/s.css": "/* two */"},
            folder,
        )
        self.daemon.must("app", "reload", "/mix")
        self.assertEqual(self.daemon.get("/mix").body, before.body)
        staged = self.daemon.get("/mix_cl_stage")
        self.assertTrue(staged.body.endswith("two"))
        for page, text in ((before, "/* one */"), (staged, "/* two */")):
            url = page.body.split('"')[1]
            answer = self.daemon.get(url)
            self.assertEqual((answer.status, answer.body), (200, text))
            self.assertIn("max-age=31536000", answer.headers["Cache-Control"])

    def test_certificate_is_looked_at(self):
        """A client that does not trust the generated certificate is not served."""
        self.assertRaises(
            ssl.SSLCertVerificationError,
            self.daemon.get,
            "/",
            scheme="https",
            context=ssl.create_default_context(),
        )

    def test_old_tls(self):
        """Nothing older than TLS 1.2 is spoken."""
        context = ssl.create_default_context(cafile=self.daemon.certificate)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        self.assertRaises(ssl.SSLError, self.daemon.get, "/", scheme="https", context=context)
        self.flushWarnings()

    def test_health(self):
        """Whether the server answers can be asked everywhere without a password."""
        for scheme in ("http", "https"):
            answer = self.daemon.get("/_clace/health", scheme=scheme, login=None)
            self.assertEqual((answer.status, answer.body.strip()), (200, "OK"))

    def test_no_app(self):
        """Where no app is, there is a 404."""
        self.assertEqual(self.daemon.get("/no-such-app").status, 404)
