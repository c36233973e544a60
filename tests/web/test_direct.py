"""Answers in pieces, as they are written."""

from itertools import pairwise

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from clace.web.forwarded import Peer
from clace.web.http1.answering import ResponseFields
from clace.web.http1.direct import DirectRequest
from clace.web.http1.fields import HeaderFields
from clace.web.http1.heads import Head

PLAIN = ResponseFields((), b"", has_length=False)
PIECE = bytes(1 << 17)


class Connection:
    """A channel; bytes that go to its transport past ``write`` did not wait for a turn."""

    def __init__(self):
        self.transport = StringTransport()
        self.turns = []

    def answer(self, head, body):
        self.transport.write(head + b"\r\n" + body)

    def begun(self, head):
        return head + b"\r\n"

    def write(self, data):
        self.turns.append(len(self.transport.value()))
        self.transport.write(data)

    def writeSequence(self, pieces):
        self.transport.write(b"".join(pieces))

    def requestDone(self, request):
        self.done = request


class Books:
    """A site."""

    def seconds(self):
        return 0.0

    def date(self):
        return b"now"

    def peer_of(self, _request):
        return Peer(ip="127.0.0.1", scheme="http")

    def log(self, request):
        self.logged = request.code, request.sentLength


class PieceTests(SynchronousTestCase):
    def request(self, method=b"GET", version=b"HTTP/1.1"):
        self.connection, self.books = Connection(), Books()
        head = Head(
            method, b"/", version, HeaderFields(), 0, persistent=True, awaits_continue=False
        )
        return DirectRequest(self.connection, self.books, head)

    @property
    def written(self):
        return self.connection.transport.value()

    def test_head_with_the_first_piece(self):
        """Nothing is written before there is a piece, and what was begun can be taken back."""
        request = self.request()
        request.begin(200, PLAIN.sized(2))
        self.assertEqual((self.written, request.startedWriting), (b"", False))
        request.answer(500, PLAIN, b"failed")
        self.assertTrue(self.written.startswith(b"HTTP/1.1 500 "), self.written)

    def test_chunks(self):
        """A body of unknown length is written in chunks, which the end closes."""
        request = self.request()
        request.begin(200, PLAIN)
        request.write(b"one")
        self.assertTrue(self.written.endswith(b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n"))
        request.finish()
        self.assertTrue(self.written.endswith(b"one\r\n0\r\n\r\n"))
        self.assertEqual(self.books.logged, (200, 3))

    def test_empty(self):
        """A body without a piece has its head at the end, and so has the answer to HEAD."""
        for method, version in ((b"GET", b"HTTP/1.0"), (b"HEAD", b"HTTP/1.1")):
            request = self.request(method, version)
            request.begin(200, PLAIN.sized(0))
            if method == b"HEAD":
                request.write(b"not sent")
            request.finish()
            self.assertTrue(self.written.endswith(b"Content-Length: 0\r\n\r\n"), self.written)
            self.assertEqual(self.books.logged, (200, 0))

    def test_turns(self):
        """Of a large body a megabyte is written at once, then others have their turn."""
        request = self.request()
        request.begin(200, PLAIN.sized(40 * len(PIECE)))
        for _ in range(40):
            request.write(PIECE)
        runs = [later - before for before, later in pairwise(self.connection.turns)]
        self.assertTrue(self.connection.turns)
        self.assertLessEqual(max(runs), (1 << 20) + len(PIECE))
        self.assertGreaterEqual(min(runs), 1 << 20)
