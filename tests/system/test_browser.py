"""The examples as a person sees them: opened in a browser over HTTPS, and clicked through."""

import json
from urllib.parse import parse_qs, quote, urlsplit

from tests.support.browser import Browser, missing
from tests.support.daemon import EXAMPLES, PASSWORD
from tests.system.cases import DaemonTestCase


class BrowserTests(DaemonTestCase):
    if missing():
        skip = missing()

    def setUp(self):
        self.daemon = self.make_daemon()
        self.root = self.source(
            {
                "large/deep/film.bin": b"x" * 3_000_000,
                "large/notes & more.txt": b"x" * 50_000,
                "small.bin": b"x" * 500_000,
            },
            self.daemon.home / "files",
        )
        self.daemon.write_config(f'[node_config]\ndisk_usage_root = "{self.root}"\n')
        self.daemon.start()
        for name in ("disk_usage", "memory_usage", "hello", "bookmarks"):
            self.daemon.install(EXAMPLES / name, f"/{name}", approve=True)

    def url(self, path):
        return f"https://localhost:{self.daemon.ports['https']}{path}"

    def sign_in(self, browser):
        """By the form on the server's own host, and back to the app."""
        browser.open(self.url("/hello"))
        browser.sign_in("admin", PASSWORD)

    def test_examples(self):
        """Folders are opened without loading a page, the chart is drawn, the form greets."""
        with Browser(self.daemon.certificate) as browser:
            self.sign_in(browser)
            self.click_through_disk_usage(browser)
            self.look_at_memory_usage(browser)
            self.greet(browser)
            self.keep_bookmarks(browser)
            self.assertEqual(browser.complaints(), [])

    def click_through_disk_usage(self, browser):
        browser.open(self.url("/disk_usage"))
        self.assertEqual(browser.find("h1").text, "Disk usage")

        def rows():
            return browser.texts("tbody tr")

        self.assertEqual([row.split()[0] for row in rows()], ["large/", "small.bin"])
        # A mark that a new page would not have.
        browser.run("window.sameDocument = true")

        browser.click("large/")
        browser.until(lambda: "deep/" in browser.texts("td a"), "the folder did not open")
        self.assert_shows(browser, f"{self.root}/large")
        self.assertTrue(any("notes & more.txt" in row for row in rows()))
        browser.click("deep/")
        browser.until(lambda: any("film.bin" in row for row in rows()), "not opened")
        self.assert_shows(browser, f"{self.root}/large/deep")
        browser.click(str(self.root))
        browser.until(lambda: "large/" in browser.texts("td a"), "no way back up")
        self.assertTrue(browser.run("return window.sameDocument === true"))

        browser.back()
        browser.until(lambda: any("film.bin" in row for row in rows()), "no way back")
        self.assert_shows(browser, f"{self.root}/large/deep")
        # The address is good for whoever it is sent to.
        browser.open(self.url("/disk_usage/?dir=" + quote(f"{self.root}/large")))
        self.assertIn("deep/", browser.texts("td a"))

    def assert_shows(self, browser, folder):
        """The address bar and the crumbs say where we are."""
        url = urlsplit(browser.url)
        self.assertEqual(url.scheme, "https")
        self.assertEqual(parse_qs(url.query), {"dir": [folder]})
        self.assertEqual(browser.texts("nav a")[-1], folder.rsplit("/", 1)[1])

    def look_at_memory_usage(self, browser):
        browser.open(self.url("/memory_usage"))
        bars = browser.find("#chart rect") and browser.all("#chart rect")
        rows = browser.all("tbody tr")
        self.assertGreater(len(bars), 1)
        self.assertGreater(len(rows), 1)
        widths = [bar.size["width"] for bar in bars]
        self.assertGreater(widths[0], 0)
        self.assertEqual(widths, sorted(widths, reverse=True))

    def greet(self, browser):
        browser.open(self.url("/hello"))
        browser.find("input[name=name]").send_keys("Jo <b>")
        browser.find("button").click()
        browser.until(lambda: browser.texts("h1") == ["Hello, Jo <b>!"], "no greeting")
        browser.click("api/greeting")
        shown = browser.find("pre").text
        self.assertEqual(json.loads(shown), {"greeting": "Hello, Jo <b>!"})

    def keep_bookmarks(self, browser):
        """Only what deletes asks first."""
        browser.open(self.url("/bookmarks"))
        browser.find("input[name=url]").send_keys("https://a.example/")
        browser.find("main > form button").click()
        browser.until(lambda: browser.all("a.title"), "not added")
        browser.run("window.confirm = asked => { window.asked = asked; return true }")

        browser.click("Edit")
        browser.until(lambda: browser.all("input[name=seen]"), "no form to edit in")
        self.assertIsNone(browser.run("return window.asked"))
        browser.click("Cancel")
        browser.until(lambda: not browser.all("input[name=seen]"), "not cancelled")

        browser.find("li button").click()
        browser.until(lambda: not browser.all("a.title"), "not deleted")
        self.assertEqual(browser.run("return window.asked"), "Delete https://a.example/?")
