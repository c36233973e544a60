"""HTTP over a UNIX socket, without a reactor: a command has one thing to do and may wait for it."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from clace.admin_api import AS_USER, LINES
from clace.client.transport import (
    CONNECT_SECONDS,
    CUT,
    DENIED,
    LIMIT,
    NO_ANSWER,
    NO_ANSWER_IN_TIME,
    NO_HTTP,
    NO_SOCKET,
    NOT_A_SOCKET,
    REFUSED,
    TIMED_OUT,
    TIMEOUT,
    EndedUnanswered,
    cannot_reach,
    header_value,
    too_large,
)
from clace.errors import ServerUnreachable, TooLarge

# sun_path has 108 bytes, the last of them a NUL.
_MAX_PATH = 107
_MAX_HEAD = 64 * 1024
_READ = 64 * 1024
_FIRST_FINAL_STATUS = 200
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_HEAD = "{} {} HTTP/1.1\r\nHost: clace\r\nAccept: {}\r\nUser-Agent: clace\r\n"


class SocketExchange:
    """Requests to the socket at ``path``, each over a connection of its own; see ``Exchange``.

    Calls block; their coroutines never wait. The socket's mode is the password: whoever can open it
    is the administrator.
    """

    def __init__(
        self,
        path: str,
        *,
        limit: int = LIMIT,
        timeout: float = TIMEOUT,
        as_user: str = "",
        connect_seconds: float = CONNECT_SECONDS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """:raises ServerUnreachable: if ``path`` is longer than a socket's can be."""
        size = len(os.fsencode(path))
        if size > _MAX_PATH:
            raise cannot_reach(path, f"a socket's path has at most {_MAX_PATH} bytes, not {size}")
        self._path = path
        self._as_user = as_user
        self._limit = limit
        self._timeout = timeout
        self._connect_seconds = connect_seconds
        self._seconds = seconds

    async def __call__(self, method: str, target: str, body: bytes | None, /) -> tuple[int, bytes]:
        until = self._deadline()
        with self._connected() as connection:
            try:
                request = _request(method, target, body, self._as_user)
                is_sent = self._send(connection, request, until)
                return self._answer(connection, until, is_sent=is_sent)
            except TimeoutError as error:
                raise cannot_reach(self._path, NO_ANSWER_IN_TIME) from error

    async def open(
        self, method: str, target: str, body: bytes | None, /
    ) -> tuple[int, AsyncIterator[bytes]]:
        with ExitStack() as connections:
            connection = connections.enter_context(self._connected())
            answer, request = _Answer(), _request(method, target, body, self._as_user, LINES)
            try:
                is_sent = self._send(connection, request, self._deadline())
            except TimeoutError as error:
                raise cannot_reach(self._path, NO_ANSWER_IN_TIME) from error
            while not answer.has_head:
                self._read_on(connection, answer, is_sent=is_sent)
            return answer.status, self._pieces(connection, answer, connections.pop_all())

    async def _pieces(
        self, connection: socket.socket, answer: _Answer, connections: ExitStack
    ) -> AsyncIterator[bytes]:
        """Read on while somebody wants more; the server waits meanwhile."""
        with connections:
            while True:
                if piece := answer.taken():
                    yield piece
                elif answer.is_whole or not self._read_on(connection, answer, is_sent=True):
                    return

    def _read_on(self, connection: socket.socket, answer: _Answer, *, is_sent: bool) -> bool:
        """Read some of an answer; return false if it ended with its connection."""
        try:
            data = self._read(connection, self._deadline())
        except TimeoutError as error:
            raise cannot_reach(self._path, NO_ANSWER_IN_TIME) from error
        if not data:
            self._ended(answer, is_sent=is_sent)
            return False
        if not answer.takes(data):
            raise cannot_reach(self._path, NO_HTTP)
        return True

    def _deadline(self) -> float:
        return self._seconds() + self._timeout

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX) as connection:
            # A connect waits for the server's backlog in the kernel, which takes a limit only so.
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(self._connect_seconds)
            )
            try:
                connection.connect(self._path)
            except OSError as error:
                raise cannot_reach(self._path, connect_step(error, self._path)) from error
            yield connection

    def _send(self, connection: socket.socket, request: bytes, until: float) -> bool:
        """Tell if all of it went out; a server may refuse a request before it has read it all."""
        try:
            connection.settimeout(self._left(until))
            connection.sendall(request)
        except ConnectionError:
            return False
        return True

    def _answer(
        self, connection: socket.socket, until: float, *, is_sent: bool
    ) -> tuple[int, bytes]:
        answer = _Answer()
        while not answer.is_whole:
            data = self._read(connection, until)
            if not data:
                return answer.status, self._ended(answer, is_sent=is_sent)
            if not answer.takes(data):
                raise cannot_reach(self._path, NO_HTTP)
            if answer.size > self._limit:
                raise TooLarge(too_large(self._limit))
        return answer.status, answer.body

    def _read(self, connection: socket.socket, until: float) -> bytes:
        connection.settimeout(self._left(until))
        try:
            return connection.recv(_READ)
        except ConnectionError:
            return b""

    def _ended(self, answer: _Answer, *, is_sent: bool) -> bytes:
        """The body of an answer that ends with its connection."""
        if answer.may_end:
            return answer.body
        if answer.received:
            raise cannot_reach(self._path, CUT)
        # A server that was not told everything has not done it either.
        raise cannot_reach(self._path, NO_ANSWER, EndedUnanswered if is_sent else ServerUnreachable)

    def _left(self, until: float) -> float:
        """:raises TimeoutError: if nothing is left; 0 would mean not to wait, and no limit."""
        left = until - self._seconds()
        if left <= 0:
            raise TimeoutError
        return left


class _Answer:
    """Collects one answer: what ``httptools`` finds in the bytes that it ``takes``."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._has_head = self._is_framed = False
        self.is_whole = False
        self.received = self.size = self.status = 0

    @property
    def body(self) -> bytes:
        return b"".join(self._pieces)

    def taken(self) -> bytes:
        """Return what came since the last call."""
        body = self.body
        self._pieces.clear()
        return body

    @property
    def has_head(self) -> bool:
        return self._has_head

    @property
    def may_end(self) -> bool:
        """Tell an answer without a length or chunks, which ends where the connection does."""
        return self._has_head and not self._is_framed

    def takes(self, data: bytes) -> bool:
        """Read on; false if it is not HTTP."""
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            return self.is_whole
        return self._has_head or self.received <= _MAX_HEAD

    def on_header(self, name: bytes, _value: bytes) -> None:
        self._is_framed = self._is_framed or name.lower() in _FRAMING

    def on_headers_complete(self) -> None:
        if not self.is_whole:
            self.status = self._parser.get_status_code()
            self._has_head = self.status >= _FIRST_FINAL_STATUS

    def on_body(self, data: bytes) -> None:
        if not self.is_whole:
            self._pieces.append(data)
            self.size += len(data)

    def on_message_complete(self) -> None:
        # Before the answer there may be others that only say that it will come.
        self.is_whole = self._has_head


def _request(
    method: str, target: str, body: bytes | None, as_user: str, accepted: str = "application/json"
) -> bytes:
    head = _HEAD.format(method, f"/_clace{target}", accepted)
    if as_user:
        head += f"{AS_USER}: {header_value(as_user)}\r\n"
    if body is not None:
        head += "Content-Type: application/json\r\n"
    if body is not None or method != "GET":
        head += f"Content-Length: {len(body or b'')}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + (body or b"")


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))


def connect_step(error: OSError, path: str = "") -> str:
    """Say in an operator's words why a connection was not made."""
    match error:
        case FileNotFoundError():
            return NO_SOCKET
        case PermissionError():
            return DENIED
        case ConnectionRefusedError():
            return REFUSED if not path or Path(path).is_socket() else NOT_A_SOCKET
        case BlockingIOError():
            return TIMED_OUT
        case _:
            return error.strerror or type(error).__name__
