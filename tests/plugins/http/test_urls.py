"""URLs, read strictly."""

from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import URI

from clace.plugins.builtin.http.urls import RequestTarget, unambiguous
from clace.plugins.kit.definition import CallFailed

HOSTS = st.sampled_from(["a.test", "10.0.0.1", "[::1]", "[2001:db8::1]", "x-y.z_1.test"])
TEXT = st.text(max_size=20)


class ParseTests(SynchronousTestCase):
    def refused(self, *urls):
        for url in urls:
            with self.assertRaises(CallFailed, msg=url):
                RequestTarget.parse(url)

    def test_parts(self):
        """A URL has scheme, host, port, path and query; the fragment is dropped."""
        self.assertEqual(
            RequestTarget.parse("HTTPS://API.test:8443/a/b?c=d&e#f"),
            RequestTarget("https", "api.test", 8443, "/a/b", "c=d&e"),
        )
        self.assertEqual(
            RequestTarget.parse("http://a.test"), RequestTarget("http", "a.test", 80, "/")
        )
        self.assertEqual(RequestTarget.parse("https://a.test?x").query, "x")

    def test_letters(self):
        """Letters that are others in lower case are neither scheme nor host."""
        self.refused("http\u017f://a.test/", "http://\u212aelvin.test/")

    def test_unambiguous(self):
        """A URL for patterns has no fragment, and a slash after its host."""
        for url, expected in (
            ("http://a.test", "http://a.test"),
            ("http://a.test#b", "http://a.test"),
            ("http://a.test?b?c#d", "http://a.test/?b?c"),
            ("http://a.test/b?c=/#d", "http://a.test/b?c=/"),
            ("http://a.test/b?", "http://a.test/b?"),
        ):
            self.assertEqual(unambiguous(url), expected)

    def test_escapes(self):
        """Characters beyond ASCII are escaped, escapes are kept."""
        self.assertEqual(
            str(RequestTarget.parse("http://a.test/ä%20b?ö=ü")),
            "http://a.test/%C3%A4%20b?%C3%B6=%C3%BC",
        )

    @given(HOSTS, st.integers(1, 65535), TEXT, TEXT)
    def test_one_reading(self, host, port, path, query):
        """What is asked of the wire is read by Twisted and the library as it was read here."""
        try:
            target = RequestTarget.parse(f"http://{host}:{port}/{path}?{query}")
        except CallFailed:
            return
        sent = URI.fromBytes(str(target).encode("ascii"))
        self.assertEqual((sent.host.decode(), sent.port), (target.host, target.port))
        split = urlsplit(str(target))
        self.assertEqual((split.hostname, split.port or 80), (target.host, target.port))
        self.assertEqual(RequestTarget.parse(str(target)), target)

    @given(TEXT)
    def test_any_text(self, text):
        """Whatever is given is a URL that is safe to send, or refused."""
        for url in (text, f"http://{text}", f"http://a.test/{text}"):
            try:
                sent = str(RequestTarget.parse(url))
            except CallFailed:
                continue
            self.assertTrue(sent.isascii())
            self.assertTrue(all(character > " " for character in sent))

    def test_users(self):
        """User names in URLs are refused: they make one host look like another."""
        self.refused("http://a.test@b.test/", "http://a:b@c.test/", "http://a.test:80@b.test/")

    def test_backslashes(self):
        """Backslashes, which some programs read as slashes, are refused."""
        self.refused("http://a.test\\@b.test/", "http:\\\\a.test/", "http://a.test/\\b")

    def test_control_characters(self):
        """Control characters and blanks cannot end the request line."""
        self.refused(
            "http://a.test/ HTTP/1.1\r\nHost: b",
            "http://a.test/\n",
            " http://a.test/",
            "http://a.test/a b",
            "http://a.test/\0",
        )

    def test_dots(self):
        """Dot segments, escaped or not, are refused: they leave the folder of a permission."""
        self.refused(
            "http://a.test/public/../admin",
            "http://a.test/%2e%2E/admin",
            "http://a.test/.",
            "http://a.test/a/.%2e",
        )
        self.assertEqual(
            RequestTarget.parse("http://a.test/.well-known/..a").path, "/.well-known/..a"
        )

    def test_dots_for_some(self):
        """What some servers take for dot segments is refused for all; what none does is not."""
        for segments in (
            "..%2fadmin",
            "..%2Fadmin",
            "x%2f..%2fadmin",
            "x%2f../admin",
            "..%5cadmin",
            "x%5C..",
            "..;/admin",
            ".;/admin",
            "..;a=b/admin",
            "%2e%2e;/admin",
            "..%3b/admin",
            "%252e%252e/admin",
            "..%252fadmin",
            "%25252e%25252e%25252f",
            "..\\admin",
        ):
            self.refused(f"http://a.test/public/{segments}")
        for path in (
            "/a%2fb",
            "/a;b",
            "/a..;b",
            "/...;a",
            "/a%5cb",
            "/..a%2fb",
            "/100%25.",
            "/a.%2fb",
        ):
            self.assertEqual(RequestTarget.parse(f"http://a.test{path}?x=..%2f").path, path)

    def test_dots_of_redirects(self):
        """A redirect cannot lead to them either."""
        with self.assertRaises(CallFailed):
            RequestTarget.parse("http://a.test/public/").follow("..%2fadmin")

    def test_schemes(self):
        """Only http and https are URLs for requests."""
        self.refused(
            "ftp://a.test/", "file:///etc/passwd", "//a.test/", "a.test", "/a", "", "http:"
        )

    def test_container(self):
        """The URL of a container that is not there is said to be missing."""
        for text in ("<CONTAINER_URL>", "<CONTAINER_URL>/a"):
            with self.assertRaises(CallFailed) as caught:
                RequestTarget.parse(text)
            self.assertEqual(caught.exception.message, "container proxy url not set")
        self.refused("<OTHER_URL>")

    def test_hosts(self):
        """What is no host name is refused."""
        self.refused(
            "http:///a",
            "http://a..test/",
            "http://-a/",
            "http://ä.test/",
            "http://a%2eb/",
            "http://[::1/",
            "http://::1/",
            "http://[fe80::1%25eth0]/",
            "http://a:b/",
            "http://a:0/",
            "http://a:65536/",
            "http://a:/",
            f"http://{'a' * 64}.test/",
        )

    def test_addresses(self):
        """Addresses have their usual form only."""
        self.assertEqual(RequestTarget.parse("http://127.0.0.1/").address, IPv4Address("127.0.0.1"))
        self.assertEqual(
            RequestTarget.parse("http://[::FFFF:127.0.0.1]/").address,
            IPv6Address("::ffff:127.0.0.1"),
        )
        self.assertIsNone(RequestTarget.parse("http://a1.test/").address)

    def test_odd_addresses(self):
        """Decimal, octal, hexadecimal and short forms of addresses are refused."""
        self.refused(
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://0177.0.0.1/",
            "http://127.0.0.01/",
            "http://127.0.0.1.2/",
            "http://1.2.3.0x4/",
            "http://127.0.0.1./a",
            "http://a.test.123/",
            "http://0/",
        )

    @given(
        st.lists(
            st.sampled_from(["0", "1", "127", "0x7f", "0177", "256", "a"]), min_size=1, max_size=5
        )
    )
    def test_numeric_hosts(self, parts):
        """A host that ends in a number is a dotted address or refused."""
        try:
            target = RequestTarget.parse(f"http://{'.'.join(parts)}/")
        except CallFailed:
            return
        if parts[-1] != "a":
            self.assertEqual(str(target.address), target.host)


class TargetTests(SynchronousTestCase):
    def test_netloc(self):
        """The port is told only if it is not the usual one; addresses of version 6 in brackets."""
        for url, netloc in (
            ("http://a.test:80/", "a.test"),
            ("https://a.test:443/", "a.test"),
            ("https://a.test:80/", "a.test:80"),
            ("http://[::1]:81/", "[::1]:81"),
        ):
            self.assertEqual(RequestTarget.parse(url).netloc, netloc)

    def test_params(self):
        """Parameters come after those that the URL has."""
        target = RequestTarget.parse("http://a.test/?a=b").with_params({"c": "d e", "f": "&"})
        self.assertEqual(target.query, "a=b&c=d+e&f=%26")
        self.assertEqual(RequestTarget.parse("http://a.test/").with_params({}).query, "")

    def test_follow(self):
        """A redirect leads from where it was given, or anywhere."""
        target = RequestTarget.parse("https://a.test/b/c?d")
        for location, url in (
            ("/x", "https://a.test/x"),
            ("x?y", "https://a.test/b/x?y"),
            ("../x", "https://a.test/x"),
            ("//b.test/", "https://b.test/"),
            ("http://b.test", "http://b.test/"),
        ):
            self.assertEqual(str(target.follow(location)), url)

    def test_follow_nowhere(self):
        """A redirect to what is no URL is an error."""
        for location in ("ftp://a/", "http://[", "http://a@b/", "javascript:x", "/\r\nX: y"):
            with self.assertRaises(CallFailed):
                RequestTarget.parse("http://a.test/").follow(location)
