"""A host's end of the socket to the daemon: whole frames, from any thread."""

from __future__ import annotations

import io
import socket
import threading

from clace.wire import MAX_FRAME, Downward, Upward, pack, unpack_downward

_LENGTH = 4
_BUFFER = 1 << 16


class Hangup(Exception):
    """The daemon has closed the line, or sent what is no frame."""


class Line:
    """Reads frames in one thread, writes them from many."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._incoming = io.BufferedReader(socket.SocketIO(connection, "r"), _BUFFER)
        self._writing = threading.Lock()

    def receive(self) -> Downward:
        """:raises Hangup: there will be no more."""
        length = int.from_bytes(self._exactly(_LENGTH), "big")
        if length > MAX_FRAME:
            raise Hangup("a frame is over the limit")
        return unpack_downward(self._exactly(length))

    def send(self, message: Upward) -> None:
        """
        :raises BadFrame: the message is over the limit.
        :raises OSError: the daemon has closed the line.
        """
        frame = pack(message)
        with self._writing:
            self._connection.sendall(frame)

    def _exactly(self, length: int) -> bytes:
        try:
            data = self._incoming.read(length)
        except OSError as error:
            raise Hangup(str(error)) from error
        if data is None or len(data) < length:
            raise Hangup("the daemon has gone")
        return data
