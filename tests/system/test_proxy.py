"""Apps that another server answers, through the whole server."""

from tests.support.upstreams import RawServer, always, proxying, whole
from tests.system.cases import SharedDaemonTestCase


class ProxyCase(SharedDaemonTestCase):
    """Servers to pass requests on to, and apps in front of them."""

    def serve(self, talk, path, more="", **options):
        """A server that talks so, and an app at a path that proxies it."""
        server = RawServer(talk)
        self.addCleanup(server.close)
        self.create(path, proxying(server.url, more=more), approve=True, **options)
        return server


class JourneyTests(ProxyCase):
    def test_behind_sign_in(self):
        """A proxied app answers through the server, and only those whom the sign-in admits."""
        self.serve(always(whole(b"from there", b"X-Own: yes")), "/signed")
        refused = self.daemon.get("/signed/x", login=None)
        self.assertEqual(refused.status, 401)
        answer = self.daemon.get("/signed/x")
        self.assertEqual((answer.status, answer.body), (200, "from there"))
        self.assertEqual(answer.headers["X-Own"], "yes")
        self.assertEqual(answer.headers["X-Frame-Options"], "SAMEORIGIN")

    def test_needs_approval(self):
        """An app that was not approved passes nothing on, and says what it lacks."""
        server = RawServer(always(whole()))
        self.addCleanup(server.close)
        folder = self.source(proxying(server.url))
        self.daemon.install(folder, "/unapproved", auth="none")
        answer = self.daemon.get("/unapproved")
        self.assertEqual(answer.status, 500)
        self.assertEqual(server.connections, 0)
        self.daemon.must("app", "approve", "/unapproved", "--promote")
        self.assertEqual(self.daemon.get("/unapproved").body, "hello")
