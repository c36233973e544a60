"""Which static file answers a request."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoSuchRoute
from clace.model.hashing import hashed_name
from clace.runtime.options import AppOptions
from clace.runtime.static.serving import MovedFolder, choose, lacking
from tests.support.apps import DictFiles


class StaticTests(SynchronousTestCase):
    files = DictFiles(
        {
            "app.star": "secret",
            "static/css/style.css": "body { color: red }",
            "static_root/robots.txt": "allow",
            "static_root/deep/a.txt": "deep",
        }
    )

    def name(self, path):
        choice = choose(self.files, path, None)
        return choice and choice.name

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

    def test_static_root(self):
        """Files of the root folder are served at the app's root, other paths are the app's."""
        self.assertEqual(self.name("/robots.txt"), "static_root/robots.txt")
        self.assertEqual(self.name("/deep/a.txt"), "static_root/deep/a.txt")
        self.assertIsNone(self.name("/other"))
        self.assertIsNone(self.name("/app.star"))


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
            self.assertEqual(choose(self.files, "/docs", static_only), MovedFolder("/docs/"))
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
