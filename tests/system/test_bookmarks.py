"""The bookmarks example and its documents, on a real server."""

import re
from urllib.parse import urlencode

from tests.support.daemon import EXAMPLES
from tests.system.cases import DaemonTestCase, SharedDaemonTestCase

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTMX = {"HX-Request": "true", **FORM}
TITLE = re.compile(r'class="title" href="([^"]*)" rel="noreferrer">([^<]*)<')


class Bookmarks:
    """What the tests do with an app at ``self.app`` on ``self.daemon``."""

    app = "/bookmarks"

    def create(self):
        return self.daemon.must("app", "create", "--approve", str(EXAMPLES / "bookmarks"), self.app)

    def post(self, path, headers=HTMX, **fields):
        body = urlencode(fields).encode()
        return self.daemon.ask("POST", self.app + path, headers=headers, body=body)

    def get(self, path=""):
        return self.daemon.get(self.app + path, headers=HTMX)

    def add(self, name, **fields):
        url = f"https://{name}.example/"
        return self.post("/add", url=url, **{"title": name, "tags": "", "note": "", **fields})

    def titles(self, answer):
        self.assertEqual(answer.status, 200, answer.body)
        return [title for _url, title in TITLE.findall(answer.body)]

    def seen(self, answer):
        return re.search(r'name="seen" value="(\d+)"', answer.body)[1]


class BookmarksTests(Bookmarks, SharedDaemonTestCase):
    def setUp(self):
        super().setUp()
        self.app = f"/{self._testMethodName}"
        self.created = self.create()

    def test_life_of_a_bookmark(self):
        """A bookmark is added, shown as what it is, changed and deleted."""
        self.assertIn("store.in.insert [bookmark]\n", self.created)
        page = self.daemon.get(self.app)
        self.assertTrue(page.body.startswith("<!doctype html>"))
        self.assertIn("Nothing here yet.", page.body)

        added = self.add("a", title="<b>A</b> & B", tags="Go, web go", note='50% "off"')
        self.assertNotIn("<html", added.body)
        self.assertIn(
            ("https://a.example/", "&lt;b&gt;A&lt;/b&gt; &amp; B"), TITLE.findall(added.body)
        )
        self.assertEqual(re.findall(r"\?tag=(\w+)\"\s+hx-get", added.body), ["go", "web"])
        self.assertIn("by admin", added.body)

        form = self.get("/edit/1")
        saved = self.post("/save/1", seen=self.seen(form), title="New", tags="x", note="")
        self.assertEqual(self.titles(saved), ["New"])
        late = self.post("/save/1", seen=self.seen(form), title="Late", tags="", note="")
        self.assertIn("Somebody else changed this bookmark", late.body)
        self.assertEqual(self.titles(late), ["New"])

        self.assertEqual(self.titles(self.post("/delete/1")), [])
        self.assertIn("This bookmark is gone", self.post("/delete/1").body)
        self.assertIn("This bookmark is gone", self.post("/save/1", seen="1").body)

    def test_refused(self):
        """What cannot be added is said, and the form keeps what was written in it."""
        self.add("a")
        twice = self.add("a", title="Again")
        self.assertIn("This address is there already", twice.body)
        self.assertIn('value="Again"', twice.body)
        wrong = self.post("/add", url="javascript:alert(1)", title="", tags="", note="")
        self.assertIn("An address begins with http", wrong.body)
        self.assertEqual(self.titles(self.get()), ["a"])

    def test_pages_and_tags(self):
        """The newest come first, ten on a page, and a tag shows only what has it."""
        names = [f"n{number:02}" for number in range(12)]
        for number, name in enumerate(names):
            self.add(name, tags="even" if number % 2 == 0 else "odd evenly")
        first = self.get()
        self.assertEqual(self.titles(first), names[:1:-1])
        older = re.search(r'href="([^"]*)"[^>]*>Older', first.body)[1].replace("&amp;", "&")
        self.assertEqual(self.titles(self.daemon.get(older)), ["n01", "n00"])
        tagged = self.get("/?tag=even")
        self.assertEqual(self.titles(tagged), names[-2::-2])
        self.assertIn("6 bookmarks", tagged.body)
        for odd in ("%25", "_", "even%22", "nothing"):
            self.assertEqual(self.get(f"/?tag={odd}").status, 200)

    def test_without_scripts(self):
        """A browser without scripts is sent back to the list."""
        answer = self.post(
            "/add", headers=FORM, url="https://a.example/", title="", tags="", note=""
        )
        self.assertEqual(answer.status, 303)
        self.assertTrue(answer.headers["Location"].endswith(f"{self.app}/?tag=&page=1"))
        self.assertEqual(self.titles(self.get()), ["https://a.example/"])

    def test_problems_without_scripts(self):
        """A browser without scripts is told what was wrong as well."""
        referer = {**FORM, "Referer": f"http://127.0.0.1:{self.daemon.ports['http']}{self.app}/"}
        self.add("a")
        for path, fields, said in (
            ("/add", {"url": "https://a.example/"}, "This address is there already"),
            ("/add", {"url": "javascript:alert(1)"}, "An address begins with http"),
            ("/save/1", {"seen": "1"}, "Somebody else changed this bookmark"),
            ("/delete/7", {}, "This bookmark is gone"),
        ):
            answer = self.post(path, headers=referer, **fields)
            self.assertEqual(answer.status, 303)
            _server, _app, rest = answer.headers["Location"].partition(self.app)
            self.assertIn(said, self.daemon.get(self.app + rest).body)


class StagingTests(Bookmarks, DaemonTestCase):
    def start(self, config=""):
        self.daemon = self.make_daemon(config).start()
        self.create()

    def add_in_staging(self, name):
        self.app = "/bookmarks_cl_stage"
        added = self.titles(self.add(name))
        self.app = "/bookmarks"
        return added

    def test_own_documents(self):
        """What is tried in staging is not seen in production; both outlive a restart."""
        self.start()
        self.add("real")
        self.assertEqual(self.add_in_staging("tried"), ["tried"])
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual(self.titles(self.get()), ["real"])
        self.assertEqual(self.add_in_staging("again"), ["again", "tried"])
        file = self.daemon.home / "metadata" / "clace_app_store.db"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_sharing(self):
        """With the setting, staging shows and changes the bookmarks of production."""
        self.start('[plugin."store.in"]\nshare_with_staging = true\n')
        self.add("real")
        self.assertEqual(self.add_in_staging("tried"), ["tried", "real"])
        self.assertEqual(self.titles(self.get()), ["tried", "real"])
