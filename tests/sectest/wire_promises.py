"""What a connection may cost the server: each trial is bounded, and ends what it began."""

import contextlib
import select
import socket
import time

from .frame import expect, promise
from .host_promises import TOLD
from .server import Server, received, status_of

MEBIBYTE = 1024 * 1024


@promise(
    "wire-smuggling", "a request that can be read in two ways is refused and ends the connection"
)
def wire_smuggling(server: Server) -> None:
    host = f"Host: {server.host}\r\n".encode()
    length, chunked = b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n"
    for headers in (
        length + chunked,
        length + b"Content-Length: 5\r\n",
        b"Content-Length: +4\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"X: a\r\n folded\r\n",
        b"X: a\x00b\r\n",
    ):
        sent = b"POST / HTTP/1.1\r\n" + host + headers + b"\r\n0\r\n\r\nGET / HTTP/1.1\r\n" + host
        answer = server.exchange(sent + b"\r\n")
        expect(400 <= status_of(answer) < 500, f"{headers!r}: {answer[:60]!r}")
        expect(answer.count(b"HTTP/1.1 ") == 1, f"{headers!r}: the connection went on")


@promise("wire-head-decides", "who may not send a body is told so before sending it")
def wire_head_decides(server: Server) -> None:
    with server.app(TOLD, auth="system") as app:
        for path, length, statuses in (
            (app.path + "/post", 8 * MEBIBYTE, {401}),
            ("/sectest-never", 8 * MEBIBYTE, {401, 404}),
            (app.path + "/post", 1024**4, {401, 413}),
        ):
            for expectation in (b"", b"Expect: 100-continue\r\n"):
                head = (
                    f"POST {path} HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: {length}\r\n"
                )
                answer = first_answer(server, head.encode() + expectation + b"\r\n")
                expect(status_of(answer) in statuses, f"{path}: {answer[:40]!r}")


def first_answer(server: Server, sent: bytes, seconds: float = 5) -> bytes:
    """What comes first, while the rest of the request is held back."""
    with contextlib.closing(server.connect(seconds)) as connection:
        connection.sendall(sent)
        with contextlib.suppress(OSError):
            return connection.recv(65536)
        return b""


@promise(
    "wire-chunk-framing",
    "what is around the content of chunks counts: a silly ratio ends the connection",
)
def wire_chunk_framing(server: Server) -> None:
    head = f"POST /post HTTP/1.1\r\nHost: {server.host}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1;" + b"x" * 1000 + b"\r\na\r\n"
    with server.app(TOLD) as app:
        sent = head.replace("/post", app.path + "/post", 1).encode()
        taken = taken_of(server, sent, chunk * 64, 8 * MEBIBYTE)
        expect(taken < 8 * MEBIBYTE, f"took {taken} bytes of chunk extensions and asked for more")


def taken_of(server: Server, head: bytes, piece: bytes, limit: int) -> int:
    """Count what the server takes until it answers or hangs up, at most ``limit`` bytes."""
    taken = 0
    with contextlib.closing(server.connect()) as connection, contextlib.suppress(OSError):
        connection.sendall(head)
        while taken < limit:
            connection.sendall(piece)
            taken += len(piece)
            connection.settimeout(0.001)
            with contextlib.suppress(TimeoutError, BlockingIOError):
                connection.recv(1024)
                return taken
            connection.settimeout(15)
    return taken


@promise(
    "wire-slow-head", "a head that does not end is not waited for: 408 or the end of the connection"
)
def wire_slow_head(server: Server) -> None:
    limit = 60.0
    with contextlib.closing(server.connect(limit)) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {server.host}\r\n".encode())
        began = time.monotonic()
        received(connection, limit)
        expect(time.monotonic() - began < limit - 1, f"it still waits after {limit:.0f} seconds")


@promise("wire-trickling-body", "a body that comes slower than the least rate is not waited for")
def wire_trickling_body(server: Server) -> None:
    limit = 60.0
    with server.app(TOLD) as app, contextlib.closing(server.connect(1)) as connection:
        head = f"POST {app.path}/post HTTP/1.1\r\nHost: {server.host}\r\n"
        connection.sendall(head.encode() + b"Content-Length: 1000\r\n\r\n")
        began = time.monotonic()
        while time.monotonic() - began < limit:
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(1024)
                expect(status_of(answer) == 408, f"{answer[:40]!r}")
                return
            connection.sendall(b"a")
        expect(False, f"it still waits after {limit:.0f} seconds")


LARGE = {
    "app.star": """
def large(req):
    return "0123456789abcdef" * 1250000

app = ace.app("Large", custom_layout = True, routes = [
    ace.api("/", handler = large, type = ace.TEXT)
])
""",
}


@promise("wire-unread-answer", "a client that does not read its answer is not waited for")
def wire_unread_answer(server: Server) -> None:
    limit = 60.0
    connected = contextlib.closing(server.connect(limit, window=4096))
    with server.app(LARGE) as app, connected as connection:
        connection.sendall(f"GET {app.path} HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
        began = time.monotonic()
        while not is_reset(connection) and time.monotonic() - began < limit:
            time.sleep(0.2)
        expect(is_reset(connection), f"it still waits after {limit:.0f} seconds")


def is_reset(connection: socket.socket) -> bool:
    """Tell whether the other side has ended a connection of which nothing is read."""
    poll = select.poll()
    poll.register(connection, 0)
    return any(found & (select.POLLHUP | select.POLLERR) for _, found in poll.poll(0))


@promise(
    "wire-connections", "idle connections of one address leave room for others", destructive=True
)
def wire_connections(server: Server) -> None:
    with contextlib.ExitStack() as opened:
        for _ in range(600):
            with contextlib.suppress(OSError):
                opened.enter_context(contextlib.closing(server.connect(5)))
        answer = server.ask("GET", "/_clace/health")
        expect(answer.status == 200, f"with 600 connections open: {answer.status}")


@promise("wire-statuses", "refusals say what is allowed, and methods nobody knows are told so")
def wire_statuses(server: Server) -> None:
    host = f" HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n"
    for line, status, header in (
        ("TRACE /", 405, b"allow:"),
        ("BREW /", 501, b"date:"),
        ("OPTIONS *", 204, b"allow:"),
    ):
        answer = server.exchange((line + host).encode())
        expect(status_of(answer) == status, f"{line}: {answer[:40]!r}")
        expect(b"\r\n" + header in answer.lower(), f"{line}: no {header!r}")
        expect(b"twisted" not in answer.lower(), f"{line}: names the software's version")
