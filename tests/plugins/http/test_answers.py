"""Answers: collected, and as apps receive them."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from clace.plugins.builtin.http.answers import HTTPResponse, status_text, value


class FakeResponse:
    def __init__(self, code=200, phrase=b"OK", headers=None, length=None):
        self.code = code
        self.phrase = phrase
        self.headers = Headers(headers or {})
        self.length = length
        self.transport = StringTransport()

    def deliverBody(self, protocol):
        self.protocol = protocol
        protocol.makeConnection(self.transport)


class ValueTests(SynchronousTestCase):
    def decoded(self, body, content_type):
        response = FakeResponse(headers={"Content-Type": [content_type]})
        found = value("http://a.test/", response, body)
        return found.encoding, found.body

    def test_parts(self):
        """An answer has its parts; values of one header are joined."""
        headers = {"content-type": ["text/plain"], "Set-Cookie": ["a", "b"]}
        self.assertEqual(
            value("http://a.test/", FakeResponse(404, headers=headers), b"ab"),
            HTTPResponse(
                url="http://a.test/",
                status_code=404,
                headers={"Content-Type": "text/plain", "Set-Cookie": "a,b"},
                encoding="utf-8",
                body="ab",
            ),
        )

    def test_charsets(self):
        """The charset that an answer names is used, UTF-8 for all that is none."""
        for body, content_type, expected in (
            (b"\xe4", "text/plain; charset=ISO-8859-1", ("iso-8859-1", "\xe4")),
            (b"\xc3\xa4", "text/plain", ("utf-8", "\xe4")),
            (b"\xe4", "text/plain; charset=UTF-8", ("utf-8", "\ufffd")),
            (b"a", "text/plain; charset=none", ("utf-8", "a")),
            (b"a", "text/plain; charset=zip", ("utf-8", "a")),
            (b"a", "text/plain; charset=rot13", ("utf-8", "a")),
            (b"a", "text/plain; charset=unicode_escape", ("utf-8", "a")),
        ):
            self.assertEqual(self.decoded(body, content_type), expected)

    @given(st.binary(), st.text(max_size=20))
    def test_anything(self, body, charset):
        """Whatever a server sends is some text."""
        self.assertIsInstance(self.decoded(body, f"text/plain; charset={charset}")[1], str)

    def test_status(self):
        """What is not a success has a text that says so."""
        self.assertEqual(status_text(FakeResponse(204)), "")
        self.assertEqual(
            status_text(FakeResponse(404, b"Not Found")),
            "http request failed with status code 404: 404 Not Found",
        )
        self.assertNotEqual(status_text(FakeResponse(302)), "")
