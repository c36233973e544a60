"""What a host is told of its app."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBroken
from clace.frames import MAX_FRAME
from clace.model.app import App, AppMetadata, FileRef, PluginManifest, VersionMetadata
from clace.runtime.limits import HostLimits
from clace.runtime.packing import NodeEnvironment, pack_load
from tests.support.apps import DictFiles, an_app

TEXTS = {
    "app.star": "app",
    "lib/a.star": "a",
    "t.go.html": "t",
    "sub/u.go.html": "u",
    "config_gen.lock": "{}",
    "README.md": "not sent",
    "static/a.css": "p{}",
    "static/page.html": "not sent",
    "static_root/robots.html": "not sent",
}


class PackingTests(SynchronousTestCase):
    def pack(self, app, texts=TEXTS, **environment):
        plugins = (PluginManifest("fs.in"),)
        work = pack_load(
            app,
            DictFiles(texts),
            plugins,
            NodeEnvironment(**environment),
            HostLimits(request_seconds=7),
        )
        return self.successResultOf(work)

    def test_files(self):
        """A host gets the texts that it reads, and of static files only the names."""
        load = self.pack(an_app())
        self.assertEqual(
            set(load.sources),
            {"app.star", "lib/a.star", "t.go.html", "sub/u.go.html", "config_gen.lock"},
        )
        self.assertEqual([ref.name for ref in load.static], ["a.css", "page.html"])
        self.assertIsInstance(load.static[0], FileRef)

    def test_app(self):
        """It knows where it is, what was approved, and how long it has."""
        load = self.pack(an_app(loads=("fs.in",)), env={"HOME": "/h"})
        self.assertEqual(
            (load.app_path, load.loads, load.request_seconds, load.env, load.plugins[0].name),
            ("/test", ("fs.in",), 7, {"HOME": "/h"}, "fs.in"),
        )
        self.assertEqual(self.pack(an_app("/")).app_path, "")
        with_params = App(id="app_prd_1", path="/", metadata=AppMetadata(param_values={"a": "1"}))
        self.assertEqual(self.pack(with_params).params, {"a": "1"})

    def test_config(self):
        """It gets the server's settings and what it is itself."""
        app = an_app(is_dev=True)
        self.assertEqual(self.pack(app, node_config={"a": 1}).node_config, {"a": 1, "_dev": True})
        metadata = AppMetadata(version_metadata=VersionMetadata(git_branch="main"))
        app = app.__class__(id="app_prd_1", path="/", metadata=metadata)
        self.assertEqual(self.pack(app).node_config, {"_dev": False, "_branch": "main"})
        told = self.pack(app, url=lambda address: f"https://h{address.path}").node_config
        self.assertEqual(told["_app_url"], "https://h/")

    def test_no_app(self):
        """Files without app.star are no app."""
        work = pack_load(an_app(), DictFiles({}), (), NodeEnvironment(), HostLimits())
        error = self.failureResultOf(work, AppBroken).value
        self.assertEqual(error.message, "error reading app.star file: no such file")

    def test_too_large(self):
        """Texts that do not fit into a frame are refused before they are read."""
        files = DictFiles({"app.star": "x"})
        files.refs["big.star"] = FileRef("big.star", "ab", MAX_FRAME)
        self.failureResultOf(
            pack_load(an_app(), files, (), NodeEnvironment(), HostLimits()), AppBroken
        )

    def test_programs_only(self):
        """A site's pages are not its host's business, and may be any number."""
        files = DictFiles(TEXTS)
        files.refs["big.html"] = FileRef("big.html", "ab", MAX_FRAME)
        work = pack_load(an_app(), files, (), NodeEnvironment(), HostLimits(), programs_only=True)
        sources = self.successResultOf(work).sources
        self.assertEqual(set(sources), {"app.star", "lib/a.star", "config_gen.lock"})
