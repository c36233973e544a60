"""Servers to pass requests on to: each connection is what a test says, byte by byte."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
from collections.abc import Callable
from threading import Thread

Talk = Callable[["Connected"], None]
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Connected:
    """One connection to such a server; ``received`` is all that came by it and was not taken."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.received = b""

    def head(self) -> bytes:
        """The head of the next request; empty if the client has closed."""
        return self.until(b"\r\n\r\n")

    def until(self, end: bytes) -> bytes:
        """All that comes up to ``end``, and with it; empty if it does not come."""
        while end not in self.received:
            if not self._more():
                return b""
        place = self.received.index(end) + len(end)
        taken, self.received = self.received[:place], self.received[place:]
        return taken

    def exactly(self, size: int) -> bytes:
        while len(self.received) < size and self._more():
            pass
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def request(self) -> tuple[bytes, bytes]:
        """The next request: its head, and its body of a length or in chunks."""
        head = self.head()
        if b"\r\ntransfer-encoding: chunked" in head.lower():
            return head, self.chunks()
        found = _LENGTH.search(head)
        return head, self.exactly(int(found[1])) if found else b""

    def chunks(self) -> bytes:
        content = b""
        while size := int(self.until(b"\r\n"), 16):
            content += self.exactly(size)
            self.exactly(2)
        self.exactly(2)
        return content

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def reset(self) -> None:
        """Close as one that was killed does."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def _more(self) -> bool:
        try:
            data = self.socket.recv(1 << 16)
        except OSError:
            return False
        self.received += data
        return bool(data)


class RawServer:
    """Takes connections, each in a thread of its own, and has ``talk`` do all the talking.

    What it was asked is in ``requests``, if ``talk`` puts it there; a connection is closed when
    ``talk`` returns.
    """

    def __init__(self, talk: Talk, family: int = socket.AF_INET, address: object = None) -> None:
        self.talk = talk
        self.connections = 0
        self._listening = socket.socket(family)
        self._listening.bind(address or ("127.0.0.1", 0))
        self._listening.listen(128)
        self._open: list[socket.socket] = []
        Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        for one in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connected)
            Thread(target=self._talk, args=(connected,), daemon=True).start()

    def _talk(self, connected: socket.socket) -> None:
        with connected, contextlib.suppress(OSError, ValueError):
            self.talk(Connected(connected))
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_WR)


def always(answer: bytes) -> Talk:
    """The same answer to every request, on connections that stay open."""

    def talk(connected: Connected) -> None:
        while connected.request()[0]:
            connected.send(answer)

    return talk


def whole(body: bytes = b"hello", *lines: bytes, status: bytes = b"200 OK") -> bytes:
    """An answer of a length that is said."""
    head = b"".join(b"%b\r\n" % line for line in lines)
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, head, len(body), body)


def proxying(url: str, path: str = "/", more: str = "") -> dict[str, str]:
    """The files of an app that passes everything below a path on."""
    star = f"""
load("proxy.in", "proxy")

app = ace.app("Proxy", routes = [ace.proxy({path!r}, proxy.config({url!r}{more}))],
    permissions = [ace.permission("proxy.in", "config", [{url!r}])])
"""
    return {"app.star": star}
