"""Paths on their way to the other server, and redirects on their way back."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.model.proxying import ProxyConfig, ProxyRoute
from clace.model.upstreams import BadUpstream, Upstream, parse_upstream
from clace.proxy.targets import UpstreamTarget, location
from tests.support.proxying import MemoryProxyCase, asking
from tests.support.upstreams import whole


class TargetTests(MemoryProxyCase):
    def target(self, path, url="http://there:8000", **config):
        """The target that the other server is asked for; the status, if it is not asked."""
        self.route = ProxyRoute("/", ProxyConfig(url, **config))
        before = len(self.there.opened)
        visitor = self.visit(asking(path))
        if len(self.there.opened) == before and self.last_asked() is None:
            return visitor.statuses[0]
        asked = self.last.asked
        self.last.say(whole(b"", b"Connection: close"))
        return asked.split(b" ")[1]

    def last_asked(self):
        return None if not self.there.opened or self.last.lost else self.last.value()

    def test_app_is_stripped(self):
        """The other server lives at its root, whatever path the app has."""
        for path, target in (
            (b"/app", b"/"),
            (b"/app/", b"/"),
            (b"/app?a=b", b"/?a=b"),
            (b"/app/a%2Fb/%C3%A9?x=%20&x=", b"/a%2Fb/%C3%A9?x=%20&x="),
            (b"/app//evil.example/x", b"/evil.example/x"),
            (b"//app/x", b"/x"),
            (b"/%61pp/x%2Fy", b"/x/y"),
            (b"/app/a//b", b"/a//b"),
        ):
            self.assertEqual(self.target(path), target, path)

    def test_app_is_kept(self):
        """A server that knows its path is asked for all of it."""
        for path, target in ((b"/app", b"/app"), (b"/app/x", b"/app/x"), (b"//app/x", b"/app/x")):
            self.assertEqual(self.target(path, strip_app=False), target, path)

    def test_strip_path(self):
        """More can be cut off; what is not below it is not there."""
        self.assertEqual(self.target(b"/app/v1/x", strip_path="/v1"), b"/x")
        self.assertEqual(self.target(b"/app/v1", strip_path="v1/"), b"/")
        self.assertEqual(self.target(b"/app/v10", strip_path="/v1"), 404)
        self.assertEqual(self.target(b"/app/x", strip_path="/app", strip_app=False), b"/x")
        self.assertEqual(self.target(b"/app/x", strip_path="/v1", strip_app=False), 404)

    def test_path_of_the_url(self):
        """The path and query of the URL come first."""
        self.assertEqual(self.target(b"/app/x?b=2", "http://there/base/?a=1"), b"/base/x?a=1&b=2")

    def test_redirects(self):
        """A redirect leads to where the visitor finds what it is about."""
        for said, got in (
            (b"/login?next=/x", b"/app/login?next=/x"),
            (b"http://there:8000/login", b"/app/login"),
            (b"HTTP://There:8000", b"/app/"),
            (b"//there:8000/x", b"/app/x"),
            (b"/app/login", b"/app/login"),
            (b"/apple", b"/app/apple"),
            (b"login", b"login"),
            (b"?page=2", b"?page=2"),
            (b"https://other.example/login", b"https://other.example/login"),
            (b"//other.example/x", b"//other.example/x"),
        ):
            visitor = self.get()
            self.last.say(whole(b"", b"Location: %b" % said, status=b"302 Found"))
            self.assertIn(b"\r\nLocation: %b\r\n" % got, visitor.value())

    def test_redirects_left_alone(self):
        """The operator can have redirects left as they are."""
        self.limits = type(self.limits)(rewrites_location=False)
        visitor = self.get()
        self.last.say(whole(b"", b"Location: /login", status=b"302 Found"))
        self.assertIn(b"\r\nLocation: /login\r\n", visitor.value())

    @given(st.text("/ab.:\\?#@", max_size=12))
    def test_own_redirects_stay(self, path):
        """A redirect of the server to itself never leads to another host, or out of the app."""
        target = UpstreamTarget(b"/x", b"", b"/app", b"")
        hosts = frozenset({b"there"})
        got = location(b"http://there/" + path.encode(), target, hosts)
        self.assertTrue(got.startswith(b"/app"), got)
        self.assertNotIn(got[1:2], (b"/", b"\\"))


class UpstreamTests(SynchronousTestCase):
    def test_read(self):
        """URLs name a server by TCP, TLS or a UNIX socket."""
        for url, upstream, authority in (
            ("http://a", Upstream("http", "a", 80), "a"),
            ("https://A.b:8443/x/", Upstream("https", "a.b", 8443, path="/x"), "a.b:8443"),
            ("http://[::1]:80/?a=b", Upstream("http", "::1", 80, query="a=b"), "[::1]"),
            (
                "http+unix://%2Frun%2Fa.sock/x",
                Upstream("http", socket="/run/a.sock", path="/x"),
                "localhost",
            ),
        ):
            self.assertEqual(parse_upstream(url), upstream)
            self.assertEqual(parse_upstream(url).authority, authority)

    def test_refused(self):
        """What requests cannot be passed on to is told."""
        for url in (
            "",
            "a:80",
            "ftp://a",
            "http://",
            "http:///x",
            "http://a:0",
            "http://a:70000",
            "http://user:pw@a",
            "http://a b",
            "http://a/\r\nX: 1",
            "http://a/#x",
            "http://é",
            "http+unix://run/a.sock",
            "http+unix://%2Frun%00",
            "http+unix://%2Frun%FF",
            "http+unix://%2F" + "a" * 200,
        ):
            self.assertRaises(BadUpstream, parse_upstream, url)

    @given(st.text(max_size=40))
    def test_anything(self, text):
        """Whatever is written either is refused or can be written into a request."""
        try:
            upstream = parse_upstream(f"http://{text}")
        except BadUpstream:
            return
        for part in (upstream.authority, upstream.path, upstream.query):
            self.assertTrue(part.isascii() and part.isprintable() and " " not in part, part)


class BareTests(MemoryProxyCase):
    def test_slash(self):
        """A visitor of the app's bare address is sent to the one with a slash where it says so."""
        self.route = ProxyRoute("/", self.route.config, redirects_bare=True)
        visitor = self.get(b"/app?a=b")
        self.assertEqual(visitor.statuses, [307])
        self.assertIn(b"\r\nLocation: /app/?a=b\r\n", visitor.value())
        self.get(b"/app/")
        self.get(b"/app/x")
        self.assertEqual(len(self.there.opened), 2)
