from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.web.http1.bodies import NO_BODY, ChunkedBody, SizedBody
from clace.web.http1.limits import RefusedRequest

NEXT = b"GET / HTTP/1.1\r\n"
MALFORMED = (
    b"\r\n",
    b"g\r\n",
    b"0x5\r\nhello\r\n",
    b"+5\r\nhello\r\n",
    b"-5\r\nhello\r\n",
    b" 5\r\nhello\r\n",
    b"5 \r\nhello\r\n",
    b"5\nhello\r\n0\r\n\r\n",
    b"5;a\nb\r\nhello\r\n",
    b"5;a\rb\r\nhello\r\n",
    b"5;\x00\r\nhello\r\n",
    b"5\r\nhello0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhello\r0\r\n\r\n",
    b"5\r\nhello\rX",
    b"5\r\nhelloo\r\n",
    b"1000000000000000\r\n",
    b"0\r\nX\r\n\r\n",
    b"0\r\n X: y\r\n\r\n",
    b"0\r\nX : y\r\n\r\n",
    b"0\r\nX: y\nGET / HTTP/1.1\r\n\r\n",
    b"0\r\nX: \x00\r\n\r\n",
    b"0\r\n\nGET\r\n\r\n",
    b"5;" + b"a" * 1024 + b"\r\nhello\r\n",
    b"5;" + b"a" * 1024,
)

PIECES = (b"0", b"5", b"a", b"fff", b"hello", b"\r\n", b"\r", b"\n", b";", b"X: y", b"0\r\n")


def chunked(parts):
    return b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


def take_all(body, pieces):
    """The content and what is left when the pieces have come one by one."""
    received, content = bytearray(), b""
    for piece in pieces:
        received += piece
        if not body.finished:
            content += body.take(received)
    return content, bytes(received)


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


class SizedBodyTests(SynchronousTestCase):
    def test_nothing(self):
        """A body without length has already come."""
        self.assertTrue(SizedBody(0).finished)

    def test_shared(self):
        """The body that all requests without one share takes nothing, however often it is asked."""
        received = bytearray(NEXT)
        for _ in range(2):
            self.assertEqual((NO_BODY.take(received), bytes(received)), (b"", NEXT))
            self.assertTrue(NO_BODY.finished)

    @given(st.binary(min_size=1), st.lists(st.integers(0)))
    def test_takes_its_length(self, content, places):
        """However it is cut, a body has its length, and what follows is left."""
        body = SizedBody(len(content))
        self.assertEqual(take_all(body, cut(content + NEXT, places)), (content, NEXT))
        self.assertTrue(body.finished)

    def test_is_not_finished_early(self):
        """A byte short is not all."""
        body = SizedBody(3)
        self.assertEqual(take_all(body, [b"a", b"b"]), (b"ab", b""))
        self.assertFalse(body.finished)


class ChunkedBodyTests(SynchronousTestCase):
    @given(st.lists(st.binary()), st.lists(st.integers(0)))
    def test_round_trip(self, parts, places):
        """However it is cut, a body is the content of its chunks, and what follows is left."""
        body = ChunkedBody(10_000)
        content = b"".join(parts)
        self.assertEqual(take_all(body, cut(chunked(parts) + NEXT, places)), (content, NEXT))
        self.assertTrue(body.finished)

    def test_extensions_and_trailers(self):
        """What may be added to chunks is dropped."""
        data = b'5;a=b;c="d\te"\r\nhello\r\n00;x\r\nX: y\r\nZ:\r\n\r\n'
        self.assertEqual(take_all(ChunkedBody(5), [data + NEXT]), (b"hello", NEXT))

    def test_malformed(self):
        """A body that another reader might end elsewhere is refused, cut or not."""
        for data in MALFORMED:
            for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
                with self.assertRaises(RefusedRequest, msg=data) as caught:
                    take_all(ChunkedBody(10_000), pieces)
                self.assertEqual(caught.exception.status, 400, data)

    def test_too_large(self):
        """A chunk that would pass the limit is refused before it comes."""
        for data in (b"6\r\n", b"fffffffffffffff\r\n", b"3\r\nabc\r\n3\r\n"):
            with self.assertRaises(RefusedRequest) as caught:
                take_all(ChunkedBody(5), [data])
            self.assertEqual(caught.exception.status, 413)
            told = "the request body is over the limit of 5 bytes"
            self.assertEqual(caught.exception.why, told)

    def test_framing_counts(self):
        """What is around the content counts against the limit, but for its first kilobytes."""
        chunk = b"20;" + b"x" * 20 + b"\r\n" + b"a" * 32 + b"\r\n"
        with self.assertRaises(RefusedRequest) as caught:
            take_all(ChunkedBody(32 * 1000), [chunk * 1000])
        self.assertEqual(caught.exception.status, 413)
        whole = chunked([b"a" * 4096] * 1000)
        content, _ = take_all(ChunkedBody(4096 * 1000), [whole])
        self.assertEqual(len(content), 4096 * 1000)

    def test_framing_to_the_byte(self):
        """The free kilobytes of framing are counted to the byte, and the rest to the limit."""
        free = 16 * (b"1;" + b"x" * 1018 + b"\r\na\r\n")
        last = b"1;" + b"x" * 10 + b"\r\na\r\n"
        content, _ = take_all(ChunkedBody(17 + 16), [free + last])
        self.assertEqual(content, b"a" * 17)
        for limit, line, status in ((17 + 16, b"1;" + b"x" * 11, 400), (17 + 15, last, 413)):
            with self.assertRaises(RefusedRequest) as caught:
                take_all(ChunkedBody(limit), [free + line + b"\r\n"])
            self.assertEqual(caught.exception.status, status)

    def test_another_limit(self):
        """A limit that is known later holds in place of the first, higher or lower."""
        body = ChunkedBody(1)
        body.allow(5)
        self.assertEqual(body.take(bytearray(b"5\r\nhello\r\n")), b"hello")
        body.allow(6)
        with self.assertRaises(RefusedRequest) as caught:
            body.take(bytearray(b"2\r\n"))
        self.assertEqual(caught.exception.status, 413)

    def test_longest_line(self):
        """A line of a kilobyte is taken, however it is cut; a byte more is refused."""
        line = b"5;" + b"x" * 1022
        data = line + b"\r\nhello\r\n0\r\n\r\n"
        for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
            self.assertEqual(take_all(ChunkedBody(5), pieces), (b"hello", b""))
        with self.assertRaises(RefusedRequest) as caught:
            take_all(ChunkedBody(5), [line + b"x\r\n"])
        self.assertEqual(caught.exception.status, 400)

    def test_much_follows(self):
        """However much has come after a body, its end is found."""
        follows = NEXT * 1000
        self.assertEqual(take_all(ChunkedBody(5), [chunked([b"hello"]) + follows])[1], follows)

    def test_silly_framing(self):
        """A body that is mostly framing ends soon, however small it is."""
        for chunk in (b"1\r\na\r\n", b"1;" + b"x" * 1000 + b"\r\na\r\n"):
            body, received, sent = ChunkedBody(10_000_000), bytearray(), 0
            with self.assertRaises(RefusedRequest) as caught:
                while sent < 1_000_000:
                    received += chunk
                    sent += len(chunk)
                    body.take(received)
            self.assertEqual(caught.exception.status, 400)
            self.assertLess(sent, 40_000)

    def test_too_many_trailers(self):
        """Trailers cannot go on for ever."""
        with self.assertRaises(RefusedRequest) as caught:
            take_all(ChunkedBody(5), [b"0\r\n" + b"X: y\r\n" * 3000])
        self.assertEqual(caught.exception.status, 431)

    def test_longest_trailers(self):
        """Trailers have eight kilobytes, with the line that ends them; a byte more is refused."""
        lines, last = b"X:" + b"y" * 1020 + b"\r\n", b"X:" + b"y" * 1018
        most = b"0\r\n" + lines * 7 + last
        self.assertEqual(take_all(ChunkedBody(5), [most + b"\r\n\r\n"]), (b"", b""))
        with self.assertRaises(RefusedRequest) as caught:
            take_all(ChunkedBody(5), [most + b"y\r\n\r\n"])
        self.assertEqual(caught.exception.status, 431)

    @given(
        st.lists(st.sampled_from(PIECES) | st.binary(max_size=2)).map(b"".join),
        st.lists(st.integers(0)),
    )
    def test_any_bytes(self, data, places):
        """Any bytes are a body, the beginning of one, or refused; cuts make no difference."""

        def outcome(pieces):
            body = ChunkedBody(1000)
            try:
                return take_all(body, pieces)[0], body.finished
            except RefusedRequest as refused:
                return refused.status

        self.assertEqual(outcome([data]), outcome(cut(data, places)))
