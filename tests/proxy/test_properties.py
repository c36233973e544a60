"""Whatever the pieces are in which bytes come, and wherever they end."""

import http.client
import io
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.support.proxying import MemoryProxyCase, asking
from tests.support.upstreams import whole

BODIES = st.binary(max_size=300)
CUTS = st.lists(st.integers(0, 400), max_size=6)


def chunked(body, sizes):
    """The body in chunks of these sizes, over and over."""
    pieces, start = [], 0
    for size in (sizes or [len(body) or 1]) * (len(body) + 1):
        if start >= len(body):
            break
        pieces.append(body[start : start + size])
        start += size
    return b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


def in_pieces(data, cuts):
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return [data[a:b] for a, b in pairwise(places)]


class Wire:
    """What a visitor has received, as a standard client reads it."""

    def __init__(self, received):
        self._received = received

    def makefile(self, _mode):
        return io.BytesIO(self._received)


def read(connection):
    """Status and body of a whole answer; ``None`` for one that is not."""
    response = http.client.HTTPResponse(Wire(connection.value()))
    try:
        response.begin()
        return response.status, response.read()
    except http.client.HTTPException:
        return None


@st.composite
def answers(draw):
    """An answer as bytes, its body, and whether the close of the connection is its end."""
    body = draw(BODIES)
    framing = draw(st.sampled_from(("length", "chunks", "close")))
    early = draw(st.sampled_from((b"", b"HTTP/1.1 100 Continue\r\n\r\n")))
    if framing == "length":
        return early + whole(body), body, False
    if framing == "close":
        return early + b"HTTP/1.1 200 OK\r\n\r\n" + body, body, True
    sizes = draw(st.lists(st.integers(1, 50), max_size=4))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return early + head + chunked(body, sizes), body, False


class AnswerTests(MemoryProxyCase):
    @given(answers(), CUTS)
    def test_whole(self, answer, cuts):
        """A whole answer is given byte for byte, in whatever pieces it comes."""
        self.setUp()
        data, body, is_ended_by_close = answer
        visitor = self.get()
        for piece in in_pieces(data, cuts):
            self.last.say(piece)
        if is_ended_by_close:
            self.last.end_half()
        self.assertEqual(read(visitor), (200, body))

    @given(answers(), CUTS, st.integers(0, 1000), st.sampled_from(("hang_up", "reset", "end_half")))
    def test_cut(self, answer, cuts, end, ended):
        """An answer that ends anywhere before its end is a 502 or not whole."""
        self.setUp()
        data, _body, is_ended_by_close = answer
        kept = data[: end % len(data)]
        if is_ended_by_close and (ended != "reset" or b"\r\n\r\n" not in kept[20:]):
            ended = "reset"
        visitor = self.get()
        for piece in in_pieces(kept, cuts):
            self.last.say(piece)
        getattr(self.last, ended)()
        found = read(visitor)
        self.assertTrue(found is None or found[0] == 502, (kept, found))

    @given(st.binary(max_size=400), CUTS)
    def test_anything(self, data, cuts):
        """Whatever a server sends, its visitor gets an answer that can be read, or none."""
        self.setUp()
        visitor = self.get()
        for piece in in_pieces(b"HTTP/1.1 200 OK\r\n" + data, cuts):
            if not self.last.lost:
                self.last.say(piece)
        self.last.hang_up()
        found = read(visitor)
        self.assertTrue(found is None or found[0] >= 200, (data, found))


class BodyTests(MemoryProxyCase):
    @given(BODIES, CUTS, st.booleans(), st.lists(st.integers(1, 50), max_size=4))
    def test_body(self, body, cuts, in_chunks, sizes):
        """The other server gets the body byte for byte, in whatever pieces it comes."""
        self.setUp()
        framing = b"Transfer-Encoding: chunked" if in_chunks else b"Content-Length: %d" % len(body)
        sent = chunked(body, sizes) if in_chunks else body
        visitor = self.visit(asking(b"/app/x", framing, method=b"POST"))
        for piece in in_pieces(sent, cuts):
            visitor.send(piece)
        got = self.last.asked.partition(b"\r\n\r\n")[2]
        if in_chunks:
            head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            response = http.client.HTTPResponse(Wire(head + got))
            response.begin()
            got = response.read()
        self.assertEqual(got, body)
