"""Places to come back to after a sign-in."""

from urllib.parse import urljoin, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.web.login.targets import LONGEST, local_path, path_of_url

ORIGIN = "https://apps.example:8443"
REFUSED = (
    "",
    "a",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " /a",
    "/a b",
    "/a\r\nSet-Cookie: x=1",
    "/a\n",
    "/\t/evil.example",
    "\t//evil.example",
    "/a\x00",
    "/é",
    "/%5c%5cevil\\",
    "/a\\b",
    "?redirect=//evil.example",
    "#/a",
    "@evil.example",
    "/_clace/logout",
    "/_clace",
    "/%5fclace/auth/login",
    "/_CLACE/logout",
    "/_clace_webhook/x",
    "/_clace/auth/account",
    "/%2f%2fevil.example",
    "/.//evil.example",
    "/a/..//evil.example",
    "/./_clace/logout",
    "/a/../_clace/auth/login?state=x",
    "/%2e/_clace/logout",
    "/a/%2E%2e/_clace/logout",
    "/a/.%2e",
    "/a%2f..%2f_clace/logout",
    "/..",
    "/a/.?x=1",
    "/a/..#b",
    "/" + "a" * LONGEST,
)
TAKEN = (
    "/",
    "/a",
    "/a/",
    "/a/x?y=1&z=//b",
    "/a?u=https://other.example/",
    "/a%20b",
    "/a#part",
    "/_cl_stage/x",
    "/a/_clace_app/sse",
    "/a/...",
    "/.well-known/a..b",
    "/a?x=/../b#/../c",
)


class TargetTests(SynchronousTestCase):
    def test_refused(self):
        """Other origins, and whatever a browser could read as one, lead to the front page."""
        for target in (*REFUSED, None):
            self.assertEqual(local_path(target), "/", target)

    def test_taken(self):
        """Paths of the same host are taken as they are, with their query."""
        for target in TAKEN:
            self.assertEqual(local_path(target), target)

    @given(st.text(max_size=40) | st.text(alphabet="/\\.:@?#% \t\na%2fc_", max_size=20))
    def test_same_origin(self, target):
        """Whatever was asked for, a browser that is led there stays on the host."""
        found = urljoin(f"{ORIGIN}/_clace/logout", local_path(target))
        self.assertEqual(found[: len(ORIGIN) + 1], f"{ORIGIN}/")
        self.assertNotIn("\\", found)

    def test_urls(self):
        """A URL is taken apart only if its origin is the host's own, to the port."""
        for url in (
            f"{ORIGIN}.evil.example/a",
            "https://apps.example/a",
            "http://apps.example:8443/a",
            "https://user@apps.example:8443/a",
            "//apps.example:8443/a",
            "https://[::1",
            "",
            None,
        ):
            self.assertIsNone(path_of_url(url, ORIGIN), url)
        self.assertEqual(path_of_url(f"{ORIGIN}/a?b=1#c", ORIGIN), "/a?b=1")
        self.assertEqual(path_of_url(ORIGIN, ORIGIN), "/")
        self.assertEqual(path_of_url(f"{ORIGIN}/_clace/logout", ORIGIN), "/")

    @given(st.text(max_size=60))
    def test_any_url(self, text):
        """No text makes it fail, and what it returns is a path."""
        for url in (text, ORIGIN + text):
            found = path_of_url(url, ORIGIN)
            self.assertTrue(found is None or urlsplit(found).netloc == "", (url, found))
