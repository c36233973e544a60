"""What redirects make of a request."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from clace.plugins.builtin.http.sending import OutgoingRequest
from clace.plugins.builtin.http.urls import RequestTarget
from clace.plugins.kit.definition import CallFailed
from tests.plugins.http.test_answers import FakeResponse


def ask(method="POST"):
    headers = Headers({"Authorization": ["x"], "Content-Type": ["y"], "Accept": ["z"]})
    return OutgoingRequest(method, RequestTarget.parse("https://a.test/b"), headers, b"body")


def answer(code, location="/c"):
    return FakeResponse(code, headers={"Location": [location]} if location else {})


class AfterTests(SynchronousTestCase):
    @given(st.integers(100, 599))
    def test_codes(self, code):
        """Five statuses are redirects if they say where to, all others are answers."""
        self.assertEqual(ask().after(answer(code)) is not None, code in {301, 302, 303, 307, 308})
        self.assertIsNone(ask().after(answer(code, "")))

    def test_becomes_get(self):
        """After most redirects a request that changes things only asks for what is there."""
        for code in (301, 302, 303):
            after = ask().after(answer(code))
            self.assertEqual((after.method, after.body), ("GET", b""))
            self.assertFalse(after.headers.hasHeader("Content-Type"))
            self.assertEqual(ask("HEAD").after(answer(code)).method, "HEAD")

    def test_same_again(self):
        """Some redirects have the same request sent again."""
        for code in (307, 308):
            after = ask().after(answer(code))
            self.assertEqual((after.method, after.body), ("POST", b"body"))
            self.assertEqual(str(after.target), "https://a.test/c")

    def test_credentials(self):
        """Credentials stay with the origin that they are for: scheme, host and port."""
        for location, same in (
            ("https://a.test:443/c", True),
            ("https://b.test/", False),
            ("http://a.test/", False),
            ("https://a.test:444/", False),
        ):
            after = ask().after(answer(307, location))
            self.assertEqual(after.headers.hasHeader("Authorization"), same, location)
            self.assertTrue(after.headers.hasHeader("Accept"))

    def test_bad_location(self):
        """A redirect to what is no URL is an error."""
        with self.assertRaises(CallFailed):
            ask().after(answer(302, "file:///etc/passwd"))
