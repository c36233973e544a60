"""Pages as visitors have them: on phones and wide screens, in the light and in the dark."""

from pathlib import Path

from tests.support.browser import AXE, Browser, missing
from tests.support.daemon import EXAMPLES
from tests.system.cases import SharedDaemonTestCase

WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
FAILS = """
def bad(req):
    return 1 // len(req.Query.get("n", [""])[0])

app = ace.app("Fails", routes = [ace.api("/", handler = bad)])
"""
UNAPPROVED = """
load("fs.in", "fs")
app = ace.app("Unapproved", routes = [ace.api("/", handler = lambda req: fs.abs("x").value)])
"""
FRAMED = {
    "app.star": """
def handler(req):
    return {"days": ["Monday", "Tuesday"]}

def bad(req):
    return {}["missing"]

def shown(req):
    return ace.response({}, "sorry", code = 422)

app = ace.app("Rota", routes = [
    ace.html("/", fragments = [
        ace.fragment("bad", partial = "clace_body", handler = bad),
        ace.fragment("shown", partial = "clace_body", handler = shown),
        ace.fragment("good", partial = "sorry"),
    ]),
])
""",
    "body.go.html": """
{{ define "clace_body" }}
<p id="told" hx-on:htmx:before-swap="event.detail.shouldSwap = event.detail.xhr.status < 500">
  Who is on call. <a href="{{ .AppPath }}/">All weeks</a></p>
<form hx-get="{{ .AppPath }}/bad" hx-target="#told">
  <label>Name <input name="name" required></label>
  <button>Add</button>
</form>
<button id="bad" hx-get="{{ .AppPath }}/bad" hx-target="#told">Bad</button>
<button id="good" hx-get="{{ .AppPath }}/good" hx-target="#told">Good</button>
<button id="shown" hx-get="{{ .AppPath }}/shown" hx-target="#told">Shown</button>
<table>
  <tr><th scope="col">Day</th><th scope="col">Person</th></tr>
  {{ range .Data.days }}<tr><td>{{ . }}</td><td>Ann</td></tr>{{ end }}
</table>
{{ end }}
{{ define "sorry" }}fine{{ end }}
""",
}


class PagesCase(SharedDaemonTestCase):
    config = "[system]\n"
    skip = missing() or None

    def url(self, path):
        return f"https://localhost:{self.daemon.ports['https']}{path}"


class LooksTests(PagesCase):
    def install(self):
        """Install an app for each page."""
        self.create("/looks-fails", {"app.star": FAILS}, auth="none")
        self.create("/looks-dev", {"app.star": FAILS}, auth="none", dev=True)
        self.create("/looks-unapproved", {"app.star": UNAPPROVED}, auth="none")
        self.create("/looks-framed", FRAMED, auth="none")
        for name in ("hello", "disk_usage", "memory_usage", "bookmarks"):
            self.daemon.install(EXAMPLES / name, f"/looks-{name}", auth="none", approve=True)
        self.bookmark()

    def bookmark(self):
        form = (
            "url=https%3A%2F%2Fa.example%2F&title=A+long+title+of+a+page&tags=one+two&note=Read+it"
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.daemon.ask(
            "POST", "/looks-bookmarks/add", body=form.encode(), headers=headers
        )
        self.assertEqual(answer.status, 303, answer.body)

    def test_pages(self):
        """No page of the server, of the frame or of an example keeps anybody out."""
        if not AXE.exists():
            self.skipTest("axe-core not installed: make axe, which needs npm")
        self.install()
        with Browser(self.daemon.certificate) as browser:
            for path in (
                "/",
                "/nothing/here",
                "/_clace/nothing",
                "/looks-fails",
                "/looks-fails/nothing",
                "/looks-dev",
                "/looks-unapproved",
                "/looks-framed",
                "/looks-hello",
                "/looks-disk_usage",
                "/looks-memory_usage",
                "/looks-bookmarks",
                "/looks-bookmarks/edit/1",
            ):
                self.look_at(browser, path)

    def look_at(self, browser, path):
        url = path if path.startswith("file:") else self.url(path)
        for width in WIDTHS:
            for scheme in SCHEMES:
                browser.look(width, scheme)
                browser.open(url)
                where = f"{path} at {width} px, {scheme}"
                self.assertEqual(browser.barriers(), [], where)
                fits = "return document.documentElement.scrollWidth <= innerWidth"
                self.assertTrue(browser.run(fits), f"{where}: wider than the window")
                self.assertEqual(browser.run(_IS_DARK), scheme == "dark", where)
        complaints = [said for said in browser.complaints() if "with a status of" not in said]
        self.assertEqual(complaints, [], path)

    def test_sign_in(self):
        """A visitor who does not sign in, or tried too often, is shown the next step."""
        self.create("/looks-closed", {"app.star": FAILS})
        html = {"Accept": "text/html"}
        form = {"Accept": "text/html", "Host": "192.0.2.1"}  # no name of the visitor's own machine
        refused = self.daemon.get("/looks-closed", login=None, headers=form)
        for _ in range(6):
            locked = self.daemon.get("/looks-closed", login=("nobody", "wrong"), headers=html)
        self.assertEqual((refused.status, locked.status), (401, 429))
        self.assertIn("<h1>Sign in to go on</h1>", refused.body)
        self.assertIn("Try again in 15 minutes.", locked.body)
        if not AXE.exists():
            return
        # A browser shows the first one after its own dialog only, which nobody answers here.
        with Browser(self.daemon.certificate) as browser:
            for answer in (refused, locked):
                file = Path(self.mktemp()).with_suffix(".html").absolute()
                file.write_text(answer.body)
                self.look_at(browser, file.as_uri())

    def test_frame(self):
        """The frame of an app has the name of the app as heading, if it has none of its own."""
        self.create("/looks-frame", FRAMED)
        page = self.daemon.get("/looks-frame").body
        self.assertIn("<h1>Rota</h1>", page)
        self.assertNotIn("Clace:", page)
        own = {**FRAMED, "body.go.html": '{{ define "clace_body" }}<h1>Own</h1>{{ end }}'}
        self.create("/looks-own", own)
        self.assertEqual(self.daemon.get("/looks-own").body.count("<h1>"), 1)


_IS_DARK = """
    const [r, g, b] = getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g);
    return Number(r) + Number(g) + Number(b) < 300;
"""


class NoticeTests(PagesCase):
    """A request of HTMX that ends in an error."""

    def open(self, browser, path):
        browser.open(self.url(path))
        browser.find("#bad")

    def notice(self, browser):
        """Return the text that the visitor is told now, if any."""
        return browser.run(_NOTICE)

    def test_notice(self):
        """An error is told with the request to ask for; it goes when dismissed, or all is well."""
        self.create("/notice", FRAMED, auth="none")
        with Browser(self.daemon.certificate) as browser:
            self.open(browser, "/notice")
            self.assertIsNone(self.notice(browser))
            browser.find("#bad").click()
            browser.until(lambda: self.notice(browser), "no notice")
            self.assertRegex(
                self.notice(browser),
                r"^That did not work\.\nThe app could not answer, request rid_",
            )
            role = "return document.querySelector('clace-error').getAttribute('role')"
            self.assertEqual(browser.run(role), "alert")
            if AXE.exists():
                self.assertEqual(browser.barriers(), [])
            browser.run(_DISMISS)
            self.assertIsNone(self.notice(browser))
            browser.find("#bad").click()
            browser.until(lambda: self.notice(browser), "no notice again")
            browser.find("#good").click()
            browser.until(lambda: not self.notice(browser), "it stays")

    def test_dev(self):
        """A dev app tells why."""
        self.create("/notice-dev", FRAMED, auth="none", dev=True)
        with Browser(self.daemon.certificate) as browser:
            self.open(browser, "/notice-dev")
            browser.find("#bad").click()
            browser.until(lambda: self.notice(browser), "no notice")
            self.assertIn('"missing"', self.notice(browser))
            self.assertIn("app.star:6", self.notice(browser))

    def test_of_the_app(self):
        """An app that shows an error itself, by HTMX or by a script, has no notice beside it."""
        self.create("/notice-own", FRAMED, auth="none")
        with Browser(self.daemon.certificate) as browser:
            self.open(browser, "/notice-own")
            browser.find("#shown").click()
            browser.until(lambda: browser.texts("#told") == ["fine"], "not shown")
            self.assertIsNone(self.notice(browser))
            browser.run(
                "addEventListener('clace:error', event => {"
                " event.preventDefault(); window.told = event.detail.message })"
            )
            browser.find("#bad").click()
            browser.until(lambda: browser.run("return window.told"), "the app was not told")
            self.assertIsNone(self.notice(browser))

    def test_replaced(self):
        """A file of the app takes the place of ours."""
        own = {**FRAMED, "static/gen/lib/htmx-errors.js": "window.own = true;"}
        self.create("/notice-replaced", own, auth="none")
        with Browser(self.daemon.certificate) as browser:
            self.open(browser, "/notice-replaced")
            self.assertTrue(browser.run("return window.own"))
            browser.find("#bad").click()
            browser.until(
                lambda: browser.run(
                    "return performance.getEntriesByType('resource')"
                    ".some(one => one.name.endsWith('/bad'))"
                ),
                "not asked",
            )
            self.assertIsNone(self.notice(browser))

    def test_policy(self):
        """The notice is shown under the strictest headers that an app can have."""
        folder = self.source(FRAMED)
        level = "security.headers_level=10"
        self.daemon.must(
            "app", "create", "--auth", "none", "--conf", level, str(folder), "/notice-strict"
        )
        with Browser(self.daemon.certificate) as browser:
            self.open(browser, "/notice-strict")
            browser.find("#bad").click()
            browser.until(lambda: self.notice(browser), "no notice")
            color = browser.run(_COLOR)
            self.assertEqual(color, "rgb(134, 32, 27)")


_ROOT = "const root = document.querySelector('clace-error')?.shadowRoot;"
_NOTICE = _ROOT + "return root?.querySelector('div:not([hidden]) p')?.innerText || null"
_DISMISS = _ROOT + "root.querySelector('button').click()"
_COLOR = _ROOT + "return getComputedStyle(root.querySelector('div')).backgroundColor"
