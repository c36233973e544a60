"""Tests for ``clace.web.https_only``."""

from treq.testing import StubTreq
from twisted.trial.unittest import SynchronousTestCase

from clace.web.forwarded import TrustedProxies
from clace.web.https_only import HTTPSOnly
from clace.web.root import Root


class HTTPSOnlyTests(SynchronousTestCase):
    def ask(self, url, port=25223):
        def place(name):
            return (name if name == "tools.example.com" else "localhost"), port

        treq = StubTreq(HTTPSOnly(Root(None, None), TrustedProxies(), place))
        response = self.successResultOf(treq.get(url, allow_redirects=False))
        return response.code, response.headers.getRawHeaders("location", [None])[0]

    def test_redirects(self):
        """Plain HTTP is sent on, path and query kept, with a port only if there was one."""
        for url, target in [
            ("http://tools.example.com:25222/a?b=c", "https://tools.example.com:25223/a?b=c"),
            ("http://tools.example.com/a", "https://tools.example.com/a"),
        ]:
            self.assertEqual(self.ask(url), (308, target))

    def test_never_to_a_strange_host(self):
        """A Host that is not ours is replaced, so that no link can use us to go elsewhere."""
        code, target = self.ask("http://evil.example/a")
        self.assertEqual((code, target), (308, "https://localhost/a"))

    def test_https_and_health_pass(self):
        """What came over TLS is served, and health checks are not sent around."""
        self.assertEqual(self.ask("https://tools.example.com/a")[0], 404)
        self.assertEqual(self.ask("http://tools.example.com/_clace/health")[0], 200)
