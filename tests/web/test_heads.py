import contextlib
import gc

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.web.http1.heads import HeadReader, find_head, read_head
from clace.web.http1.limits import RefusedRequest, RequestLimits

LIMITS = RequestLimits()
GET = b"GET / HTTP/1.1\r\nHost: h\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\n"
REFUSED = {
    400: (
        # no request at all
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"IN VENTED / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"INVENTED / HTTP/1.1\nHost: h\n\n\r\n\r\n",
        b"SOURCE / ICE/1.0\r\nHost: h\r\n\r\n",
        b"DESCRIBE / RTSP/1.0\r\nHost: h\r\n\r\n",
        b"GET / http/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.10\r\nHost: h\r\n\r\n",
        # spaces and line ends where they are not allowed
        b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
        b" GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\r\nX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
        # targets
        b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /#a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET a/b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET ?a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http://h:80/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http://h@other/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET ftp://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET file:///a HTTP/1.1\r\nHost: h\r\n\r\n",
        # Host
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
        GET + b"Host: h\r\n\r\n",
        GET + b"hOST: other\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a:\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [g]\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: <script>\r\n\r\n",
        # headers
        GET + b"X\r\n\r\n",
        GET + b": x\r\n\r\n",
        GET + b"X : y\r\n\r\n",
        GET + b"X\t: y\r\n\r\n",
        GET + b" X: y\r\n\r\n",
        GET + b"X: a\r\n b\r\n\r\n",
        GET + b"X: a\r\n\tb\r\n\r\n",
        GET + b"X(: y\r\n\r\n",
        GET + b"\xc3\xa9: y\r\n\r\n",
        GET + b"X\x00: y\r\n\r\n",
        GET + b"X: a\x00b\r\n\r\n",
        GET + b"X: a\x01b\r\n\r\n",
        GET + b"X: a\x7fb\r\n\r\n",
        GET + b"X: a\nb\r\n\r\n",
        GET + b"X: a\rb\r\n\r\n",
        GET + b"X: \xff\r\n\r\n",
        GET + b"Authorization: Basic YQ==\r\nauthorization: Basic Yg==\r\n\r\n",
        # where the body ends
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        POST + b"Content-Length: 5, 5\r\n\r\n",
        POST + b"Content-Length: +5\r\n\r\n",
        POST + b"Content-Length: -5\r\n\r\n",
        POST + b"Content-Length: 0x5\r\n\r\n",
        POST + b"Content-Length: 5_0\r\n\r\n",
        POST + b"Content-Length: 5.0\r\n\r\n",
        POST + b"Content-Length: 5 0\r\n\r\n",
        POST + b"Content-Length: \xd9\xa5\r\n\r\n",
        POST + b"Content-Length:\r\n\r\n",
        POST + b"Content-Length: 1000000000000000000\r\n\r\n",
        POST + b"Content-Length: 18446744073709551621\r\n\r\n",
        POST + b"Content-Length : 5\r\n\r\n",
        POST + b"Transfer-Encoding:\r\n\r\n",
        POST + b"Transfer-Encoding: identity\r\n\r\n",
        POST + b"Transfer-Encoding: gzip\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n",
        POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n",
        POST + b'Transfer-Encoding: "chunked"\r\n\r\n',
        POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        POST + b"Transfer-Encoding : chunked\r\n\r\n",
        POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    405: (
        b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
    ),
    414: (b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\nHost: h\r\n\r\n",),
    417: (POST + b"Expect: 200-ok\r\n\r\n",),
    431: (GET + b"X: y\r\n" * 100 + b"\r\n",),
    501: (
        b"INVENTED / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GETS / HTTP/1.0\r\nHost: h\r\n\r\n",
    ),
    505: (
        b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"GET / HTTP/0.9\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.2\r\nHost: h\r\n\r\n",
        b"GET /\r\n\r\n",
    ),
}
REASONS = {
    "this method is never served": b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n",
    "the request target is too long": b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
    "there are too many request headers": GET + b"X: y\r\n" * 100 + b"\r\n",
    "there is more than one Authorization header": GET + b"Authorization: B a\r\n" * 2 + b"\r\n",
    "malformed request": b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
    "malformed request: the headers are not UTF-8": GET + b"X: \xff\r\n\r\n",
    "only HTTP/1.0 and HTTP/1.1 are served": b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
    "this method is not known": b"INVENTED / HTTP/1.1\r\nHost: h\r\n\r\n",
    "invalid Host header": b"GET / HTTP/1.1\r\n\r\n",
    "a request target has no fragment": b"GET /#a HTTP/1.1\r\nHost: h\r\n\r\n",
    "the request target does not agree with the Host header": (
        b"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n"
    ),
    "invalid Content-Length": POST + b"Content-Length: 1000000000000000000\r\n\r\n",
    "Transfer-Encoding is not allowed here": (
        b"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    "unknown Transfer-Encoding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "this expectation cannot be met": POST + b"Expect: 200-ok\r\n\r\n",
}
HEADS = (GET + b"\r\n", POST + b"Content-Length: 5\r\nX: y\r\n\r\n", GET + b"X:\r\n\r\n")


def read(data):
    return read_head(data, LIMITS)


class ReadHeadTests(SynchronousTestCase):
    def test_a_request(self):
        """Method, target and headers are as they were sent, but for spaces around values."""
        head = read(b"GET /a?b=%20c HTTP/1.1\r\nHost: h:80\r\nX-y:  z \t\r\nE:\r\n\r\n")
        self.assertEqual((head.method, head.target), (b"GET", b"/a?b=%20c"))
        self.assertEqual(head.version, b"HTTP/1.1")
        self.assertEqual(list(head.headers), [(b"Host", b"h:80"), (b"X-y", b"z"), (b"E", b"")])
        self.assertEqual(head.length, 0)

    def test_refuses(self):
        """What can be read in two ways, or in none, is refused with the status that says why."""
        for status, heads in REFUSED.items():
            for data in heads:
                with self.assertRaises(RefusedRequest, msg=data) as caught:
                    read(data)
                self.assertEqual(caught.exception.status, status, data)

    def test_reasons(self):
        """A refusal says why, in words for whoever wrote the client."""
        for why, data in REASONS.items():
            with self.assertRaises(RefusedRequest, msg=data) as caught:
                read(data)
            self.assertEqual(caught.exception.why, why)

    def test_hosts(self):
        """Names, addresses and ports are hosts."""
        for host in (b"h", b"H.example:1", b"127.0.0.1:65535", b"[::1]", b"[::1]:80", b"a_b-c"):
            head = read(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
            self.assertEqual(list(head.headers), [(b"Host", host)])

    def test_absolute_targets(self):
        """A target for a proxy is taken if it is for the same host, as the part after it."""
        for target, expected in (
            (b"http://h/a?b", b"/a?b"),
            (b"HTTPS://H/a", b"/a"),
            (b"http://h", b"/"),
            (b"http://h?a", b"/?a"),
            (b"http://h//other/", b"//other/"),
        ):
            head = read(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(head.target, expected)

    def test_asterisk(self):
        """Only OPTIONS asks about the server as a whole."""
        self.assertEqual(read(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").target, b"*")

    def test_lengths(self):
        """A body has a length, or chunks, or is not there."""
        for header, length in (
            (b"", 0),
            (b"Content-Length: 0\r\n", 0),
            (b"content-length: 007\r\n", 7),
            (b"Transfer-Encoding: Chunked\r\n", None),
        ):
            self.assertEqual(read(POST + header + b"\r\n").length, length)

    def test_persistence(self):
        """HTTP/1.1 stays unless told otherwise, HTTP/1.0 never does."""
        for version, header, persistent in (
            (b"1.1", b"", True),
            (b"1.1", b"Connection: keep-alive\r\n", True),
            (b"1.1", b"Connection: close\r\n", False),
            (b"1.1", b"Connection: TE, Close\r\n", False),
            (b"1.1", b"Connection: close,TE\r\n", False),
            (b"1.1", b"Connection: TE\r\nConnection: close\r\n", False),
            (b"1.0", b"", False),
            (b"1.0", b"Connection: keep-alive\r\n", False),
        ):
            data = b"GET / HTTP/" + version + b"\r\nHost: h\r\n" + header + b"\r\n"
            self.assertIs(read(data).persistent, persistent, data)

    def test_upgrades_are_requests(self):
        """A wish to change the protocol is for the resource to grant; the body is as it says."""
        head = read(GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        self.assertEqual(head.length, 0)
        head = read(POST + b"Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 4\r\n\r\n")
        self.assertEqual(head.length, 4)

    def test_continue(self):
        """Only clients of HTTP/1.1 wait to be told to go on."""
        self.assertTrue(read(POST + b"Expect: 100-Continue\r\n\r\n").awaits_continue)
        self.assertFalse(read(POST + b"\r\n").awaits_continue)
        old = b"POST / HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"
        self.assertFalse(read(old).awaits_continue)

    def test_limits_are_inclusive(self):
        """What just fits is served."""
        self.assertEqual(len(read(GET + b"X: y\r\n" * 99 + b"\r\n").headers), 100)
        target = b"/" + b"a" * 8191
        head = read(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertEqual(head.target, target)

    @given(st.binary())
    def test_never_raises_anything_else(self, data):
        """Any bytes are a request or are refused."""
        with contextlib.suppress(RefusedRequest):
            read(data + b"\r\n\r\n")

    @given(st.sampled_from(HEADS), st.integers(0, 60), st.binary(max_size=3), st.integers(0, 3))
    @example(HEADS[0], 22, b"\nX:", 0)
    def test_one_way_to_read(self, head, place, new, dropped):
        """However a request is damaged, what is accepted has the lines that everybody sees."""
        place = min(place, len(head) - 4)
        data = head[:place] + new + head[place:-4][dropped:] + b"\r\n\r\n"
        try:
            found = read(data)
        except RefusedRequest:
            return
        lines = data[:-4].split(b"\r\n")
        self.assertEqual(lines[0].split(b" ")[0], found.method)
        self.assertEqual(len(lines) - 1, len(found.headers))
        for line, (name, value) in zip(lines[1:], found.headers, strict=True):
            self.assertEqual(line.partition(b":")[0], name)
            self.assertEqual(line.partition(b":")[2].strip(b" \t"), value)


class HeadReaderTests(SynchronousTestCase):
    @given(
        st.sampled_from(HEADS),
        st.sampled_from((b"GET", b"HEAD", b"POST", b"PURGE", b"TRACE", b"get", b"")),
        st.one_of(
            st.binary(max_size=12),
            st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7F)).map(str.encode),
            st.just(b"/" + b"a" * 9000),
        ),
        st.sampled_from((b" ", b"  ", b"")),
    )
    @example(HEADS[0], b"GET", b"h/a", b" ")
    @example(HEADS[0], b"GET", b"/a#b", b" ")
    @example(HEADS[0], b"OPTIONS", b"*", b" ")
    @example(HEADS[0], b"GET", b"/" + b"a" * 9000, b" ")
    @example(HEADS[0], b"GET", b"/" + b"a" * (LIMITS.target - 1), b" ")
    def test_what_was_said_before(self, before, method, target, space):
        """A head that ends as the one before is read, or refused, as if it came first."""
        reader = HeadReader(LIMITS)
        said = reader.read(before).version + before.partition(b"HTTP/1.1")[2]
        for path in (target, b"/" + target):
            data = method + space + path + b" " + said
            self.assertEqual(self.outcome(reader.read, data), self.outcome(read, data))

    def test_fields_are_shared(self):
        """What is made of the fields of a head serves for the next that has the same."""
        reader = HeadReader(LIMITS)
        one, other = reader.read(GET + b"\r\n"), reader.read(GET.replace(b"/", b"/b", 1) + b"\r\n")
        self.assertIs(one.headers, other.headers)
        self.assertIsNot(reader.read(GET + b"X: y\r\n\r\n").headers, one.headers)

    def test_long_heads_are_forgotten(self):
        """Of a connection that waits for its next request no more than 2 KB of a head is kept."""
        reader = HeadReader(LIMITS)
        for size, is_kept in ((1000, True), (3000, False), (1000, True)):
            head = reader.read(GET + b"X: " + b"y" * size + b"\r\n\r\n")
            self.assertEqual(head in gc.get_referents(reader), is_kept)

    def outcome(self, reading, data):
        try:
            return reading(data)
        except RefusedRequest as refused:
            return (refused.status, refused.why)


class FindHeadTests(SynchronousTestCase):
    def find(self, data):
        return find_head(bytearray(data), LIMITS)

    def test_waits_for_the_end(self):
        """A head that is not all there is not found, and not refused."""
        head = GET + b"\r\n"
        for end in range(len(head)):
            self.assertIsNone(self.find(head[:end]))
        self.assertEqual(self.find(head + b"more"), (0, len(head)))

    def test_one_empty_line_before(self):
        """Old clients end a body with a line too many; one is forgiven, two are not."""
        head = b"\r\n" + GET + b"\r\n"
        self.assertEqual(self.find(head), (2, len(head)))
        with self.assertRaises(RefusedRequest):
            read(head)

    def test_too_long(self):
        """What cannot become a head within its limits is refused before it ends."""
        for data, status in (
            (b"GET /" + b"a" * 9000, 414),
            (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
            (GET + b"X: " + b"a" * 16384, 431),
            (GET + b"X: " + b"a" * 16384 + b"\r\n\r\n", 431),
            (GET + b"X: y\r\n" * 3000, 431),
        ):
            with self.assertRaises(RefusedRequest) as caught:
                self.find(data)
            self.assertEqual(caught.exception.status, status)

    def test_the_longest_target(self):
        """A target of just the length that is allowed is found, with and without an empty line."""
        target = b"/" + b"a" * (LIMITS.target - 1)
        head = b"OPTIONS %b HTTP/1.1\r\nHost: h\r\n\r\n" % target
        for before in (b"", b"\r\n"):
            self.assertEqual(self.find(before + head), (len(before), len(before + head)))
            self.assertIsNone(self.find((before + head)[:-20]))
        self.assertEqual(read(head).target, target)

    def test_the_limit_is_inclusive(self):
        """A head of just the size that is allowed is found."""
        rest = LIMITS.head - len(GET) - len(b"X: \r\n\r\n")
        head = GET + b"X: " + b"a" * rest + b"\r\n\r\n"
        self.assertEqual(self.find(head), (0, LIMITS.head))
        self.assertIsNone(self.find(head[:-1]))
        self.assertEqual(self.find(b"\r\n" + head), (2, 2 + LIMITS.head))
