"""A host's end of the socket to the daemon: whole frames."""

from __future__ import annotations

import socket

from msgspec import structs

from clace.host.ace.values import readable
from clace.wire import MAX_FRAME, BadFrame, Downward, Upward, pack, unpack_downward

_LENGTH = 4
_BUFFER = 1 << 16


class Hangup(Exception):
    """The daemon has closed the line, or sent an invalid frame."""


class Line:
    """Reads and writes frames."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._incoming = bytearray()

    def receive(self, *, wait: bool = True) -> Downward | None:
        """The next frame; without ``wait`` nothing if none has come.

        :raises Hangup: if the line ended.
        """
        while (frame := self._cut()) is None:
            if not self._fill(wait=wait):
                return None
        return unpack_downward(frame)

    def send(self, message: Upward) -> None:
        """Send a message, and wait until the socket has taken it.

        :raises BadFrame: if the message is over the limit, or has a name that is not UTF-8.
        :raises OSError: if the daemon has closed the line.
        """
        try:
            frame = pack(message)
        except UnicodeEncodeError:  # a string of bytes that are no UTF-8
            frame = _packed_readable(message)
        self._connection.sendall(frame)

    def _cut(self) -> bytes | None:
        """The body of the first frame, if all of it is here."""
        incoming = self._incoming
        if len(incoming) < _LENGTH:
            return None
        end = _LENGTH + int.from_bytes(incoming[:_LENGTH], "big")
        if end > _LENGTH + MAX_FRAME:
            raise Hangup("a frame is over the limit")
        if len(incoming) < end:
            return None
        frame = bytes(incoming[_LENGTH:end])
        del incoming[:end]
        return frame

    def _fill(self, *, wait: bool) -> bool:
        """Read what has come; return true if there was something."""
        try:
            data = self._connection.recv(_BUFFER, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Hangup(str(error)) from error
        if not data:
            raise Hangup("the daemon has gone")
        self._incoming += data
        return True


def _packed_readable(message: Upward) -> bytes:
    fields = {name: readable(value) for name, value in structs.asdict(message).items()}
    try:
        return pack(structs.replace(message, **fields))
    except UnicodeEncodeError as error:
        raise BadFrame(f"text that is no UTF-8: {error.reason}") from None
