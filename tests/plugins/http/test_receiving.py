"""Bodies of answers while they arrive."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss

from clace.plugins.builtin.http.receiving import LineItems, ReceivedBody, collected
from clace.plugins.kit.definition import CallFailed
from clace.plugins.kit.lines import MAX_LINE
from tests.plugins.http.test_answers import FakeResponse


class BodyTests(SynchronousTestCase):
    def setUp(self):
        self.response = FakeResponse()
        self.body = ReceivedBody.of(self.response, 10)

    @property
    def state(self):
        return self.response.transport.producerState

    def receive(self, *chunks, end=None):
        for chunk in chunks:
            self.body.dataReceived(chunk)
        if end is not None:
            self.body.connectionLost(Failure(end))

    def read(self):
        return Deferred.fromCoroutine(self.body.read())

    def test_arrives(self):
        """What arrives is had at once, what has arrived meanwhile together, then nothing."""
        reading = self.read()
        self.assertNoResult(reading)
        self.receive(b"a", b"b", b"c")
        self.assertEqual(self.successResultOf(reading), b"a")
        self.assertEqual(self.successResultOf(self.read()), b"bc")
        for end in (ResponseDone(), PotentialDataLoss()):
            self.receive(end=end)
            self.assertEqual(self.successResultOf(self.read()), b"")

    def test_paced(self):
        """The server is heard only while somebody reads."""
        self.assertEqual(self.state, "paused")
        self.read()
        self.assertEqual(self.state, "producing")
        self.receive(b"a")
        self.assertEqual(self.state, "paused")

    def test_cut_short(self):
        """A body that breaks off is had as far as it came, and then is an error."""
        self.receive(b"a", end=ConnectionLost())
        self.assertEqual(self.successResultOf(self.read()), b"a")
        self.failureResultOf(self.read(), CallFailed)

    def test_too_large(self):
        """A body over the limit is an error, also if who was waiting had much of it."""
        self.receive(b"a" * 10)
        self.successResultOf(self.read())
        reading = self.read()
        self.receive(b"b")
        self.failureResultOf(reading, CallFailed)

    def test_announced(self):
        """A body that is said to be too large is not read at all."""
        with self.assertRaises(CallFailed):
            ReceivedBody.of(FakeResponse(length=11), 10)

    def test_cancel(self):
        """Who stops waiting does not stop what still arrives."""
        reading = self.read()
        reading.addErrback(lambda _: None)
        reading.cancel()
        self.receive(b"late", end=ResponseDone())
        self.assertEqual(self.successResultOf(self.read()), b"late")

    def test_collected(self):
        """A whole body is all that arrived."""
        collecting = Deferred.fromCoroutine(collected(self.response, 10))
        for chunk in (b"a", b"b"):
            self.response.protocol.dataReceived(chunk)
        self.assertNoResult(collecting)
        self.response.protocol.connectionLost(Failure(ResponseDone()))
        self.assertEqual(self.successResultOf(collecting), b"ab")


class LineItemsTests(SynchronousTestCase):
    def items(self, encoding="utf-8"):
        self.clock = Clock()
        self.closed = []
        self.body = ReceivedBody.of(FakeResponse(), 10 * MAX_LINE)
        return LineItems(self.body, encoding, self.clock, 5, lambda: self.closed.append(1))

    def next(self, items):
        return Deferred.fromCoroutine(items.next())

    def all(self, items, *chunks):
        for chunk in chunks:
            self.body.dataReceived(chunk)
        self.body.connectionLost(Failure(ResponseDone()))
        found, more = [], True
        while more:
            lines, more = self.successResultOf(self.next(items))
            found.extend(lines)
        return found

    def test_as_they_arrive(self):
        """A page has the lines that are there; there is none without a line but the last."""
        items = self.items()
        page = self.next(items)
        self.body.dataReceived(b"o")
        self.assertNoResult(page)
        self.body.dataReceived(b"ne\ntwo\nth")
        self.assertEqual(self.successResultOf(page), (("one", "two"), True))
        self.body.dataReceived(b"ree")
        page = self.next(items)
        self.assertNoResult(page)
        self.body.connectionLost(Failure(ResponseDone()))
        self.assertEqual(self.successResultOf(page), (("three",), False))

    @given(st.text(st.characters(codec="utf-8", exclude_characters="\r")), st.integers(1, 9))
    def test_text(self, text, size):
        """Wherever pieces end, the lines are those of the text, in any charset."""
        lines = text.removesuffix("\n").split("\n") if text else []
        for encoding in ("utf-8", "utf-16-le"):
            data = text.encode(encoding)
            chunks = [data[start : start + size] for start in range(0, len(data), size)]
            self.assertEqual(self.all(self.items(encoding), *chunks), lines)

    def test_not_text(self):
        """Bytes that are no text are replaced, also those that break off."""
        self.assertEqual(self.all(self.items(), b"\xff\n\xe2\x82"), ["\ufffd", "\ufffd"])

    def test_silence(self):
        """A server may be silent only so long, as often as it likes."""
        items = self.items()
        for _ in range(3):
            page = self.next(items)
            self.clock.advance(4.9)
            self.body.dataReceived(b"a\n")
            self.successResultOf(page)
        self.clock.advance(60)  # nobody asked
        page = self.next(items)
        self.clock.advance(5)
        told = self.failureResultOf(page, CallFailed).value.message
        self.assertEqual(told, "nothing came of the answer for 5 seconds")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_long_line(self):
        """A line over the limit is an error."""
        items = self.items()
        self.body.dataReceived(b"a" * (MAX_LINE + 1))
        told = self.failureResultOf(self.next(items), CallFailed).value.message
        self.assertEqual(told, f"a line is longer than {MAX_LINE} bytes")

    def test_close(self):
        """Closing it ends the connection."""
        self.successResultOf(self.items().close())
        self.assertEqual(self.closed, [1])
