"""Answers of odd servers through this proxy and through nginx, byte for byte."""

import http.client
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from unittest import skipIf

from tests.support.upstreams import RawServer, proxying
from tests.system.cases import SharedDaemonTestCase

NGINX = shutil.which("nginx")
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SIZED = OK + b"Content-Length: 5\r\n\r\n"
LARGE = bytes(range(256)) * 4096
WHOLE, CUT, BAD = "whole", "cut", "502"

# What the server sends (in pieces, with time between them), and what becomes of it here. Where it
# is not what nginx makes of it the last column says what that is: nginx forgives more.
CASES = {
    "sized": ([SIZED + b"hello"], WHOLE, None),
    "sized in pieces": ([SIZED, b"he", b"llo"], WHOLE, None),
    "head in pieces": (
        [b"HTTP/1.1 20", b"0 OK\r\nContent-Le", b"ngth: 5\r\n\r\nhello"],
        WHOLE,
        None,
    ),
    "large": ([OK + b"Content-Length: %d\r\n\r\n" % len(LARGE) + LARGE], WHOLE, None),
    "empty": ([OK + b"Content-Length: 0\r\n\r\n"], WHOLE, None),
    "chunked": ([CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"], WHOLE, None),
    "chunked in pieces": (
        [CHUNKED, b"5\r\nhel", b"lo\r", b"\n3;a=b\r\nabc\r\n0\r\n", b"\r\n"],
        WHOLE,
        None,
    ),
    "chunked, large": ([CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(LARGE), LARGE)], WHOLE, None),
    "chunked, with trailers": ([CHUNKED + b"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"], WHOLE, None),
    "no length": ([OK + b"\r\nhello", b" world"], WHOLE, None),
    "no length, 1.0": ([b"HTTP/1.0 200 OK\r\n\r\nhello"], WHOLE, None),
    "no length, empty": ([OK + b"\r\n"], WHOLE, None),
    "sized, 1.0": ([b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"], WHOLE, None),
    "early close": ([SIZED + b"he"], CUT, None),
    "early close, chunked": ([CHUNKED + b"5\r\nhello\r\n"], CUT, None),
    "early close, in a chunk": ([CHUNKED + b"5\r\nhe"], CUT, None),
    "early close, in the end": ([CHUNKED + b"5\r\nhello\r\n0\r\n"], CUT, None),
    "bad chunk": ([CHUNKED + b"5\r\nhello\r\n", b"zz\r\n"], CUT, None),
    "bad chunk at once": ([CHUNKED + b"5\r\nhello\r\nzz\r\n"], BAD, CUT),
    "chunk too long": ([CHUNKED + b"5\r\nhelloXX\r\n0\r\n\r\n"], BAD, CUT),
    "huge chunk": ([CHUNKED + b"5\r\nhello\r\n", b"fffffffffffffffff\r\n"], CUT, None),
    "nothing": ([], BAD, None),
    "half a head": ([b"HTTP/1.1 200 OK\r\nContent-"], BAD, None),
    "no HTTP": ([b"hello\r\n\r\n"], BAD, CUT),
    "HTTP/2": ([b"HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"], BAD, WHOLE),
    "late 100": ([b"HTTP/1.1 100 Continue\r\n\r\n", SIZED + b"hello"], WHOLE, None),
    "100 and answer at once": ([b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED + b"hello"], WHOLE, None),
    "long headers": (
        [OK + b"X: %b\r\nContent-Length: 5\r\n\r\nhello" % (b"a" * 3000)],
        WHOLE,
        None,
    ),
    "huge headers": (
        [OK + b"X: %b\r\nContent-Length: 5\r\n\r\nhello" % (b"a" * 100_000)],
        BAD,
        None,
    ),
    "many headers": ([OK + b"X: a\r\n" * 1000 + b"Content-Length: 5\r\n\r\nhello"], BAD, None),
    "both lengths": (
        [OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
        BAD,
        WHOLE,
    ),
    "two lengths": ([OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"], BAD, CUT),
    "a length twice": ([OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"], BAD, WHOLE),
    "negative length": ([OK + b"Content-Length: -5\r\n\r\nhello"], BAD, WHOLE),
    "length with a plus": ([OK + b"Content-Length: +5\r\n\r\nhello"], BAD, WHOLE),
    "unknown coding": (
        [OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
        BAD,
        WHOLE,
    ),
    "chunked, 1.0": (
        [b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
        BAD,
        WHOLE,
    ),
    "folded header": ([OK + b"X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello"], BAD, None),
    "space before a colon": ([OK + b"Content-Length : 5\r\n\r\nhello"], BAD, None),
    "lines without CR": ([b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"], BAD, WHOLE),
    "NUL in a header": ([OK + b"X: a\0b\r\nContent-Length: 5\r\n\r\nhello"], BAD, None),
    "a second answer": ([SIZED + b"hello" + SIZED + b"other"], WHOLE, None),
    "more than its length": ([SIZED + b"hello, world"], WHOLE, None),
    "204 with content": (
        [b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"],
        WHOLE,
        None,
    ),
    "304": ([b"HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n"], WHOLE, None),
    "status of its own": ([b"HTTP/1.1 299 Odd\r\nContent-Length: 5\r\n\r\nhello"], WHOLE, None),
    "no reason": ([b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello"], WHOLE, None),
    "101 unasked": (
        [b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello"],
        BAD,
        WHOLE,
    ),
}
CONFIG = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
    fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass {url}; proxy_http_version 1.1; proxy_set_header Connection "";
                      proxy_next_upstream off; }}
    }}
}}
"""


def outcome(port, path):
    """What a visitor gets: that it is cut, or the status and body of a whole answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except (http.client.HTTPException, OSError):
        return CUT, b""
    finally:
        connection.close()
    return (BAD, b"") if response.status == 502 else (WHOLE, (response.status, body))


@skipIf(NGINX is None, "nginx is not installed")
class CorpusTests(SharedDaemonTestCase):
    def test_same_bytes(self):
        """No answer is made whole that nginx does not give byte for byte; nginx forgives more."""
        server = RawServer(self.talk)
        self.addCleanup(server.close)
        self.create("/odd", proxying(server.url), approve=True, auth="none")
        port = self.start_nginx(server.url)
        for name, (self.pieces, expected, forgiven) in CASES.items():
            ours = outcome(self.daemon.ports["http"], "/odd")
            theirs = outcome(port, "/")
            self.assertEqual(ours[0], expected, name)
            self.assertEqual(theirs[0], forgiven or expected, name)
            if ours[0] == WHOLE:
                self.assertEqual(ours, theirs, name)

    def talk(self, connected):
        while connected.head():
            for number, piece in enumerate(self.pieces):
                if number:
                    time.sleep(0.02)
                connected.send(piece)
            return

    def start_nginx(self, url):
        folder = Path(tempfile.mkdtemp(prefix="nginx-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, port=port, url=url))
        process = subprocess.Popen([NGINX, "-c", config, "-p", folder], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        self.pieces = [SIZED + b"hello"]
        self.wait_until("nginx listens", lambda: outcome(port, "/")[0] != CUT)
        return port
