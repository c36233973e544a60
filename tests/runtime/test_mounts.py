"""Proxied paths of apps: declared in the source, configured as far as was approved."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBroken, AppNotApproved
from clace.model import Permission
from clace.plugins.builtin import PROXY
from clace.plugins.gate import PluginGate
from clace.testing.runtime import MemoryRuntime
from tests.support.apps import DictFiles, an_app
from tests.support.plugins import MemoryAudit
from tests.support.upstreams import proxying

URL = "http://127.0.0.1:8000"
APPROVED = Permission("proxy.in", "config", (URL,))
MANY = """
load("proxy.in", "proxy")

app = ace.app("Many", redirect_bare_path = True,
    routes = [
        ace.api("/a/own"),
        ace.proxy("/a", proxy.config("http://a")),
        ace.proxy("/a/b", proxy.config("http://b", strip_path = "/a")),
    ],
    permissions = [ace.permission("proxy.in", "config")])
"""


class MountsTests(SynchronousTestCase):
    def load(self, files, *permissions, loads=("proxy.in",)):
        """A runtime with an app of these files, and the app."""
        app = an_app(loads=loads, permissions=permissions)
        self.files = DictFiles(files)
        self.clock = Clock()
        runtime = MemoryRuntime(self.clock, PluginGate([PROXY]), MemoryAudit(), self.files_for)
        return runtime, app

    async def files_for(self, _app):
        return self.files

    def proxied(self, runtime, app, path, method="GET"):
        return Deferred.fromCoroutine(runtime.proxied(app, method, path))

    def urls(self, runtime, app, *paths):
        found = [self.successResultOf(self.proxied(runtime, app, path)) for path in paths]
        return [route and route.config.url for route in found]

    def test_whole_app(self):
        """Every path of the app is passed on, but for those of the server itself."""
        runtime, app = self.load(proxying(URL), APPROVED)
        urls = self.urls(runtime, app, "/", "/x", "/static/a", "/_clace_app/sse")
        self.assertEqual(urls, [URL, URL, URL, None])

    def test_some_paths(self):
        """The longest path counts, and a route of the app's own before any."""
        runtime, app = self.load({"app.star": MANY}, Permission("proxy.in", "config"))
        paths = ("/", "/a", "/a/x", "/a/b", "/a/b/c", "/a/bc", "/ab", "/a/own")
        urls = [None, "http://a", "http://a", "http://b", "http://b", "http://a", None, None]
        self.assertEqual(self.urls(runtime, app, *paths), urls)
        route = self.successResultOf(self.proxied(runtime, app, "/a/b"))
        self.assertEqual((route.config.strip_path, route.redirects_bare), ("/a", True))

    def test_needs_no_host(self):
        """A host that is asked for nothing is ended; the paths stay known without it."""
        for files, left in ((proxying(URL), 0), ({"app.star": MANY}, 1)):
            runtime, app = self.load(files, Permission("proxy.in", "config"))
            runtime.startService()
            self.urls(runtime, app, "/a")
            self.assertEqual(runtime.memory.running, 1)
            self.clock.pump([1] * 2)
            self.assertEqual(runtime.memory.running, left)
            self.assertNotEqual(self.urls(runtime, app, "/a"), [None])
            self.assertEqual(runtime.memory.starts, 1)
            self.successResultOf(runtime.stopService())

    def test_not_approved(self):
        """An app whose call is not covered by what was approved does not load, and says so."""
        other = Permission("proxy.in", "config", ("http://127.0.0.1:9000",))
        runtime, app = self.load(proxying(URL), other)
        refused = self.failureResultOf(self.proxied(runtime, app, "/"), AppNotApproved)
        self.assertIn("proxy.in.config", refused.value.message)
        runtime, app = self.load(proxying(URL), loads=())
        self.assertIsNone(self.successResultOf(self.proxied(runtime, app, "/")))

    def test_wrong(self):
        """A configuration that cannot be used keeps the app from loading, and names the path."""
        for url, told in (
            ("ftp://a", "proxy /: proxy url"),
            ("<CONTAINER_URL>/x", "proxy /: container proxy url not set"),
        ):
            runtime, app = self.load(proxying(url), Permission("proxy.in", "config"))
            broken = self.failureResultOf(self.proxied(runtime, app, "/"), AppBroken)
            self.assertIn(told, broken.value.message)

    def test_audit(self):
        """The call is declared where nothing is approved yet: the audit says what it would need."""
        runtime, app = self.load(proxying(URL))
        audited = self.successResultOf(Deferred.fromCoroutine(runtime.audit(app, self.files)))
        self.assertEqual(audited.demands.loads, ("proxy.in",))
        self.assertEqual(audited.demands.permissions, (APPROVED,))

    def test_renewed(self):
        """Settings that change are asked for again, as the app is now."""
        runtime, app = self.load(proxying(URL), APPROVED)
        self.assertEqual(self.urls(runtime, app, "/"), [URL])
        self.files = DictFiles(proxying("http://127.0.0.1:9000"))
        runtime.renew(app)
        self.failureResultOf(self.proxied(runtime, app, "/"), AppNotApproved)
