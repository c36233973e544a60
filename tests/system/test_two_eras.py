"""An app as those of the original and of its successor are written, on a real server."""

from tests.system.cases import SharedDaemonTestCase

STAR = """
load("OWN.in", "OWN")
load("fs.in", "fs")
load("store.in", "store")

def overview(req):
    if req.Query.get("fail"):
        fail("asked to")
    here = fs.abs(".")
    if here.error:
        return {"error": here.error}
    found = OWN.list_apps(req.Query.get("q", [""])[0], "", True).value
    return {"here": here.value, "apps": found, "operations": OWN.list_operations().value}

def address(req):
    return ace.config("_app_url", "nowhere")

def listing(req):
    ret = fs.list(req.Query["dir"][0], recursive_size = True, ignore_errors = True)
    return {"error": ret.error} if not ret else {"entries": [row["name"] for row in ret.value]}

def remember(req):
    store.begin()
    store.insert(table.note, doc.note(req.Form["text"][0], []))
    store.commit()
    return ace.redirect(req.AppPath)

def forget(req):
    store.delete_by_id(table.note, int(req.UrlParams["id"]))
    return ace.response({}, "nothing_to_show", redirect = req.AppPath)

def error_handler(req, ret):
    if req.IsPartial:
        return ace.response(ret, "problem", retarget = "#problem", reswap = "innerHTML")
    return ace.response(ret, "problem.go.html")

app = ace.app("Two eras",
    routes = [
        ace.html("/", partial = "overview", handler = overview, fragments = [
            ace.fragment("list", partial = "listing", handler = listing),
            ace.fragment("remember", method = "POST", handler = remember),
            ace.fragment("{id}", method = "DELETE", handler = forget),
        ]),
        ace.api("/address", handler = address, type = ace.TEXT),
    ],
    permissions = [
        ace.permission("OWN.in", "list_apps"), ace.permission("OWN.in", "list_operations"),
        ace.permission("fs.in", "abs"), ace.permission("fs.in", "list"),
        ace.permission("store.in", "begin"), ace.permission("store.in", "insert"),
        ace.permission("store.in", "commit"), ace.permission("store.in", "delete_by_id"),
    ],
    style = ace.style("daisyui", themes = ["dark"]),
)
"""
SCHEMA = 'type("note", fields = [field("text", STRING), field("tags", LIST)])'
PAGE = """
{{ block "OWN_body" . }}
  {{ block "overview" . }}
    <p id="here">{{ .Data.here }}</p>
    {{ range .Data.apps }}
      <a href="{{ $.AppPath }}?path={{ index .path_split_glob 0 }}">{{ .name }}</a>
      {{ if ne .spec "" }}{{ .spec }}{{ end }}{{ if ne .star_base "" }}{{ .star_base }}{{ end }}
      {{ if eq .source_url "" }}{{ .source }}{{ end }}
      {{ if and .is_stage .version_mismatch }}changed{{ end }}
      {{ if .auth_uses_default }}default: {{ .auth }}{{ end }}
    {{ end }}
    {{ range .Data.operations }}<option value="{{ . }}">{{ end }}
  {{ end }}
{{ end }}
{{ define "listing" }}{{ .Data.error }}{{ range .Data.entries }}<li>{{ . }}</li>{{ end }}{{ end }}
{{ define "problem" }}Problem: {{ .Data.error }}{{ end }}
"""
IMPORT = '{{ block "OWN_gen_import" . }}<link href="{{ static "gen/css/style.css" }}">{{ end }}'
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTMX = {"HX-Request": "true"}


class TwoErasTests(SharedDaemonTestCase):
    def setUp(self):
        super().setUp()
        self.folder = self.source({"a.txt": "a", "sub/b.txt": "b"})

    def app(self, own):
        """The path of an app with the names of this era."""
        texts = {
            "app.star": STAR,
            "schema.star": SCHEMA,
            "app.go.html": PAGE,
            "problem.go.html": '<h1>{{ template "problem" . }}</h1>',
            # The file kept its name when what it defines got another.
            "clace_gen.go.html": IMPORT,
            "static/gen/css/style.css": "p {}",
        }
        folder = self.source({name: text.replace("OWN", own) for name, text in texts.items()})
        path = f"/{self._testMethodName}_{own}"
        conf = f'fs.file_access=["{self.folder}"]'
        created = self.daemon.cli("app", "create", "--approve", "--conf", conf, folder, path)
        self.assertEqual(created.returncode, 0, created.stderr)
        return path

    def get(self, path, headers=None):
        answer = self.daemon.get(path, headers=headers or {})
        self.assertEqual(answer.status, 200, answer.body)
        return answer

    def test_pages(self):
        """Pages and fragments are shown with the frame, the plugins and the names of each era."""
        for own in ("clace", "openrun"):
            path = self.app(own)
            page = self.get(f"{path}?q={path}").body
            self.assertTrue(page.startswith("<!DOCTYPE html>"), page)
            for text in (
                "static/gen/css/style-",
                f'<p id="here">{self.folder}</p>',
                ">Two eras</a>",
            ):
                self.assertIn(text, page)
            for text in ("default: ", 'value="create_app"', 'value="POST"'):
                self.assertIn(text, page)
            url = f"https://localhost:{self.daemon.ports['https']}{path}"
            self.assertEqual(self.get(f"{path}/address").body, url)
            part = self.get(path, HTMX).body
            self.assertNotIn("<html", part)
            whole = self.get(path, {**HTMX, "HX-History-Restore-Request": "true"}).body
            self.assertIn("<html", whole)
            told = self.get(f"{path}/list?dir=/etc", HTMX).body
            self.assertEqual(told, "file access denied for /etc")
            found = self.get(f"{path}/list?dir=.", HTMX).body
            for name in ("/a.txt", "/sub", ""):
                self.assertIn(f"<li>{self.folder}{name}</li>", found)

    def test_changes(self):
        """Forms redirect to the page, and HTMX is sent there though no block is there to show."""
        for own in ("clace", "openrun"):
            path = self.app(own)
            sent = self.daemon.ask("POST", f"{path}/remember", headers=FORM, body=b"text=x")
            self.assertEqual((sent.status, sent.headers["Location"]), (303, path))
            gone = self.daemon.ask("DELETE", f"{path}/1", headers=HTMX)
            self.assertEqual((gone.status, gone.headers["HX-Redirect"]), (200, path))

    def test_failures(self):
        """What fails is shown by the app's own error handler, in its place or as a page."""
        path = self.app("openrun")
        part = self.get(f"{path}?fail=1", HTMX)
        self.assertEqual(part.headers["HX-Retarget"], "#problem")
        self.assertIn("Problem: fail: asked to", part.body)
        self.assertIn("<h1>Problem: fail: asked to</h1>", self.get(f"{path}?fail=1").body)
        gone = self.daemon.ask("DELETE", f"{path}/7", headers=HTMX)
        self.assertIn("Problem: ", gone.body)
