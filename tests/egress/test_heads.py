"""Heads of requests to the egress proxy."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.egress.heads import BadHead, ProxyRequest, read_head
from clace.egress.targets import EgressTarget


class HeadTests(SynchronousTestCase):
    def test_connect(self):
        """A tunnel needs a host and a port, and sends nothing by itself."""
        self.assertEqual(
            read_head(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: other:1"),
            ProxyRequest(EgressTarget("api.example.com", 443)),
        )

    def test_rewritten(self):
        """A whole URL becomes a path; headers for the proxy stay with it; one request is sent."""
        request = read_head(
            b"POST http://Api.Example.com/a?b=c#d HTTP/1.1\r\n"
            b"Host: elsewhere\r\n"
            b"Content-Length: 3\r\n"
            b"Proxy-Authorization: Basic x\r\n"
            b"Proxy-Connection: keep-alive\r\n"
            b"Connection: keep-alive, X-Secret\r\n"
            b"X-Own: kept"
        )
        self.assertEqual(request.target, EgressTarget("api.example.com", 80))
        self.assertEqual(
            request.head,
            b"POST /a?b=c HTTP/1.1\r\n"
            b"Host: Api.Example.com\r\n"
            b"Connection: close\r\n"
            b"Content-Length: 3\r\n"
            b"X-Own: kept\r\n\r\n",
        )

    def test_paths(self):
        """A URL without a path asks for the root."""
        for url, path in (("http://a:8080", b"/"), ("http://a:8080?b", b"/?b")):
            head = read_head(f"GET {url} HTTP/1.0".encode()).head
            self.assertTrue(head.startswith(b"GET %b HTTP/1.0\r\n" % path), head)

    def test_refused(self):
        """Everything else is refused; so is what two readers could read in two ways."""
        for head in (
            b"",
            b"GET / HTTP/1.1\r\nHost: api",
            b"GET ftp://api/ HTTP/1.1",
            b"GET https://api/ HTTP/1.1",
            b"GET http://user@api/ HTTP/1.1",
            b"GET http://user:x@api/ HTTP/1.1",
            b"GET http:///x HTTP/1.1",
            b"GET http://[::1/ HTTP/1.1",
            b"GET http://api:99999/ HTTP/1.1",
            b"GET http://127.1/ HTTP/1.1",
            b"GET http://api/ HTTP/2.0",
            b"GET http://api/ x HTTP/1.1",
            b"GET  http://api/ HTTP/1.1",
            b"GET http://api/\x00 HTTP/1.1",
            b"GET http://api/ HTTP/1.1\r\nA: b\r\n folded",
            b"GET http://api/ HTTP/1.1\r\nA: b\nB: c",
            b"GET http://api/ HTTP/1.1\r\nA : b",
            b"CONNECT api HTTP/1.1",
            b"CONNECT http://api:80 HTTP/1.1",
            b"CONNECT api:443",
        ):
            self.assertRaises(BadHead, read_head, head)

    @given(st.binary(max_size=60))
    def test_any_bytes(self, some):
        """Bytes are a request or refused, and the host that is sent is that of the target."""
        try:
            request = read_head(b"GET http://api" + some + b" HTTP/1.1\r\nA: b")
        except BadHead:
            return
        lines = request.head.split(b"\r\n")
        self.assertEqual(lines[-3:], [b"A: b", b"", b""])
        host = lines[1].removeprefix(b"Host: ").decode().lower().partition(":")[0].removesuffix(".")
        self.assertEqual(request.target.host, host)
