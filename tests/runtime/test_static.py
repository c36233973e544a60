"""Static files, answered without the app."""

import brotli
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoSuchRoute
from clace.model.hashing import hashed_name
from clace.runtime.contents import Contents
from clace.runtime.options import AppOptions
from clace.runtime.static import FOREVER, Moved, choose, content_type, lacking, serve
from tests.support.apps import DictFiles, a_request
from tests.support.threads import at_once

TEXT = "body { color: red }"


class Packed(DictFiles):
    """Files that are stored compressed."""

    async def read_brotli(self, name):
        return brotli.compress(self.contents[name])


class StaticTests(SynchronousTestCase):
    files = DictFiles(
        {
            "app.star": "secret",
            "static/css/style.css": TEXT,
            "static/plain": "x",
            "static_root/robots.txt": "allow",
            "static_root/deep/a.txt": "deep",
        }
    )

    def answer(self, path, method="GET", files=None, options=None, **headers):
        files = files or self.files
        request = a_request(
            path, method, headers={name.replace("_", "-"): [v] for name, v in headers.items()}
        )
        choice = choose(files, path, options)
        if choice is None:
            return None
        return self.successResultOf(serve(files, choice, request, Contents(at_once)))

    def hashed(self, name, files=None):
        ref = (files or self.files).refs[f"static/{name}"]
        return "/static/" + hashed_name(name, ref.sha256)

    def test_hashed(self):
        """A file under the name with its hash may be kept for ever."""
        answer = self.answer(self.hashed("css/style.css"))
        headers = dict(answer.headers)
        self.assertEqual((answer.status, answer.body), (200, TEXT.encode()))
        self.assertEqual(headers["Cache-Control"], FOREVER)
        self.assertEqual(headers["Content-Type"], "text/css; charset=utf-8")
        self.assertEqual(headers["ETag"], f'"{self.files.refs["static/css/style.css"].sha256}"')

    def test_plain_name(self):
        """A file under its plain name has to be asked for again each time."""
        answer = self.answer("/static/css/style.css")
        self.assertEqual(dict(answer.headers)["Cache-Control"], "no-cache")

    def test_wrong_hash(self):
        """Another hash, a folder, a missing file and a way out are not there."""
        wrong = hashed_name("css/style.css", "ab" * 32)
        for path in (
            f"/static/{wrong}",
            "/static/css",
            "/static/css/",
            "/static/x",
            "/static/../app.star",
            "/static/",
        ):
            self.assertRaises(NoSuchRoute, choose, self.files, path, None)

    def test_not_modified(self):
        """Who has the file already gets no bytes."""
        etag = f'"{self.files.refs["static/plain"].sha256}"'
        for given_etag in (etag, f'"other", W/{etag}', "*"):
            answer = self.answer("/static/plain", If_None_Match=given_etag)
            self.assertEqual((answer.status, answer.body), (304, b""))
        self.assertEqual(self.answer("/static/plain", If_None_Match='"other"').status, 200)

    def test_methods(self):
        """Files are read, never written."""
        self.assertEqual(self.answer("/static/plain", "HEAD").status, 200)
        self.assertEqual(self.answer("/static/plain", "POST").status, 405)

    def test_range(self):
        """A part of a file can be asked for."""
        for wanted, part, where in (
            ("bytes=0-3", b"body", "0-3"),
            ("bytes=5-", TEXT[5:].encode(), "5-18"),
            ("bytes=-5", b"red }", "14-18"),
            ("bytes=17-900", b" }", "17-18"),
        ):
            answer = self.answer("/static/css/style.css", Range=wanted)
            self.assertEqual((answer.status, answer.body), (206, part))
            self.assertEqual(dict(answer.headers)["Content-Range"], f"bytes {where}/19")

    def test_impossible_range(self):
        """A part that there is not is refused; a range that is none is not looked at."""
        for wanted in ("bytes=19-", "bytes=5-4", "bytes=-0"):
            answer = self.answer("/static/css/style.css", Range=wanted)
            self.assertEqual(
                (answer.status, dict(answer.headers)["Content-Range"]), (416, "bytes */19")
            )
        for wanted in ("lines=1-2", "bytes=1-2,4-5", "bytes=a-b"):
            self.assertEqual(self.answer("/static/css/style.css", Range=wanted).status, 200)

    def test_range_of_another_version(self):
        """A part of a file that has changed since is answered with the whole."""
        answer = self.answer("/static/plain", Range="bytes=0-0", If_Range='"older"')
        self.assertEqual(answer.status, 200)

    @given(st.text(max_size=20))
    def test_any_range(self, text):
        """Whatever range is asked for, there is an answer."""
        answer = self.answer("/static/css/style.css", Range=text)
        self.assertIn(answer.status, {200, 206, 416})

    def test_brotli(self):
        """Bytes that are stored compressed are sent so to who takes them, and only then."""
        files = Packed({"static/a.js": TEXT})
        answer = self.answer("/static/a.js", files=files, Accept_Encoding="gzip, br;q=1")
        headers = dict(answer.headers)
        self.assertEqual(brotli.decompress(answer.body), TEXT.encode())
        self.assertEqual((headers["Content-Encoding"], headers["Vary"]), ("br", "Accept-Encoding"))
        for accepted in ("gzip", "br;q=0", "brown"):
            answer = self.answer("/static/a.js", files=files, Accept_Encoding=accepted)
            self.assertEqual(answer.body, TEXT.encode())
        answer = self.answer("/static/a.js", files=files, Accept_Encoding="br", Range="bytes=0-3")
        self.assertEqual(answer.body, b"body")

    def test_static_root(self):
        """Files of the root folder are served at the app's root, other paths are the app's."""
        self.assertEqual(self.answer("/robots.txt").body, b"allow")
        self.assertEqual(self.answer("/deep/a.txt").body, b"deep")
        self.assertIsNone(self.answer("/other"))
        self.assertIsNone(self.answer("/app.star"))

    def test_content_types(self):
        """Types go by the name, text is UTF-8, the machine's own tables make no difference."""
        self.assertEqual(
            [content_type(name) for name in ("a.js", "a.woff2", "a.svg", "a.json", "a", "a.gz")],
            [
                "text/javascript; charset=utf-8",
                "font/woff2",
                "image/svg+xml",
                "application/json",
                "application/octet-stream",
                "application/octet-stream",
            ],
        )


class StaticOnlyTests(SynchronousTestCase):
    files = DictFiles(
        {
            "app.star": "secret",
            "lib/x.star": "secret",
            ".env": "secret",
            "a/.git/config": "secret",
            "index.html": "home",
            "docs/index.htm": "docs",
            "docs/page.html": "page",
            "a/.git/index.html": "secret",
            "start.html": "start",
        }
    )

    def name(self, path, **options):
        options = {"has_routes": False, **options}
        choice = choose(self.files, path, AppOptions(static_only=True, **options))
        return choice and choice.name

    def test_whole_source(self):
        """The source is the site; a folder is its index."""
        self.assertEqual(
            [self.name(path) for path in ("/", "/docs/", "/docs/page.html")],
            ["index.html", "docs/index.htm", "docs/page.html"],
        )

    def test_hidden(self):
        """The app's own code and hidden files are not part of the site."""
        for path in ("/app.star", "/lib/x.star", "/.env", "/a/.git/config", "/a", "/lib", "/none"):
            self.assertRaises(NoSuchRoute, self.name, path)

    def test_folder_without_a_slash(self):
        """A folder with an index has its address with a slash, for links from it lead on there."""
        for options in ({}, {"has_routes": True}):
            static_only = AppOptions(static_only=True, **options)
            self.assertEqual(choose(self.files, "/docs", static_only), Moved("/docs/"))
        alone = AppOptions(static_only=True, single_file=True, has_routes=False)
        self.assertRaises(NoSuchRoute, choose, self.files, "/docs", alone)

    def test_index(self):
        """The app may name its index."""
        self.assertEqual(self.name("/", index="start.html"), "start.html")

    def test_lacking(self):
        """A site without an index, or without the one that it names, is told of."""
        alone = DictFiles({"app.star": "", "a.html": "x"})
        for files, options, count in (
            (self.files, {}, 0),
            (self.files, {"index": "none.html"}, 1),
            (alone, {"has_routes": False}, 1),
            (alone, {"has_routes": True}, 0),
            (alone, {"index": "a.html", "has_routes": False, "single_file": True}, 0),
        ):
            found = list(lacking(files, AppOptions(static_only=True, **options)))
            self.assertEqual(len(found), count, found)
        self.assertEqual(list(lacking(alone, AppOptions())), [])

    def test_single_file(self):
        """A site of one file has nothing else."""
        options = {"single_file": True, "index": "start.html"}
        self.assertEqual(self.name("/", **options), "start.html")
        self.assertRaises(NoSuchRoute, self.name, "/docs/page.html", **options)

    def test_with_routes(self):
        """What is no file is asked of an app that has routes."""
        self.assertIsNone(self.name("/api", has_routes=True))
