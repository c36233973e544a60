"""Answers: collected, and as apps receive them."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

from clace.plugins.definition import CallFailed
from clace.plugins.http.answers import Collector, Response, collected, status_text, value


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


class CollectorTests(SynchronousTestCase):
    def collect(self, *chunks, reason, limit=10):
        self.transport = StringTransport()
        collector = Collector(limit)
        collector.makeConnection(self.transport)
        for chunk in chunks:
            collector.dataReceived(chunk)
        collector.connectionLost(Failure(reason))
        return collector.complete

    def test_whole(self):
        """A body is what arrived, if its end did too or nobody said how long it is."""
        for reason in (ResponseDone(), PotentialDataLoss()):
            self.assertEqual(self.successResultOf(self.collect(b"a", b"b", reason=reason)), b"ab")

    def test_cut_short(self):
        """A body without its end is an error."""
        self.failureResultOf(self.collect(b"a", reason=ConnectionLost()), CallFailed)

    def test_too_large(self):
        """A body over the limit ends the connection."""
        self.failureResultOf(self.collect(b"a" * 11, b"b", reason=ConnectionLost()), CallFailed)
        self.assertTrue(self.transport.disconnecting)

    def test_cancel(self):
        """Who stops waiting ends the connection."""
        collector = Collector(10)
        collector.makeConnection(StringTransport())
        collector.complete.addErrback(lambda _: None)
        collector.complete.cancel()
        self.assertTrue(collector.transport.disconnecting)
        collector.dataReceived(b"late")
        collector.connectionLost()

    def test_announced(self):
        """A body that is said to be too large is not read at all."""
        response = FakeResponse(length=11)
        self.failureResultOf(collected(response, 10), CallFailed)
        self.assertTrue(response.transport.disconnecting)


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
            Response(
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
