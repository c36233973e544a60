"""A host's end of the socket to the daemon: whole frames."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from msgspec import structs

from clace.frames import MAX_FRAME, BadFrame
from clace.host.ace import readable
from clace.host.sandbox import ascii_bytes
from clace.wire import AnswerHead, Downward, Upward, pack, pack_large, unpack_downward

_LENGTH = 4
_BUFFER = 1 << 16
# Frames are sent together once they are so many bytes, or the first has waited so long.
_TOGETHER = 1 << 16
_WAIT_SECONDS = 0.001


class DaemonGone(Exception):
    """The daemon has closed the line, or sent an invalid frame."""


class DaemonLine:
    """Reads and writes frames; those that answer what came together are sent together."""

    def __init__(
        self, connection: socket.socket, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._clock = clock
        # What came and was not taken yet, from a place on; of one receive or, grown, of several.
        self._incoming: bytes | bytearray = b""
        self._taken = 0
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._waits_since = 0.0

    def holds_back(self) -> bool:
        """Return true if frames wait to be sent."""
        return bool(self._unsent)

    def receive(self, *, wait: bool = True) -> Downward | None:
        """The next frame; without ``wait`` nothing if none has come. Before it looks for one that
        was not read yet, it sends what waits.

        :raises DaemonGone: if the line ended.
        """
        while (frame := self._cut()) is None:
            self.flush()
            if not self._fill(wait=wait):
                return None
        return unpack_downward(frame)

    def send(self, message: Upward) -> None:
        """Send a message with the next ``flush``, or at once if much waits.

        :raises BadFrame: if the message is over the limit, or has a name that is not UTF-8.
        :raises OSError: if the daemon has closed the line.
        """
        try:
            frame = pack(message)
        except UnicodeEncodeError:  # a string of bytes that are no UTF-8
            frame = _packed_readable(message)
        if len(frame) >= _TOGETHER:
            self.flush()
            self._connection.sendall(frame)
            return
        if not self._unsent:
            self._waits_since = self._clock()
        self._unsent.append(frame)
        self._unsent_bytes += len(frame)
        if self._unsent_bytes >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Send what waits, and wait until the socket has taken it.

        :raises OSError: if the daemon has closed the line.
        """
        if self._unsent:
            frames, self._unsent, self._unsent_bytes = self._unsent, [], 0
            self._connection.sendall(frames[0] if len(frames) == 1 else b"".join(frames))

    def flush_late(self) -> None:
        """Send what waits, if that is for too long.

        :raises OSError: if the daemon has closed the line.
        """
        if self._unsent and self._clock() - self._waits_since > _WAIT_SECONDS:
            self.flush()

    def send_large(self, head: AnswerHead, body: bytes | str) -> None:
        """Send the head of an answer and its body, bytes or ASCII, which is never copied whole.

        :raises BadFrame: if it is over the limit.
        :raises OSError: if the daemon has closed the line.
        """
        begun = pack_large(head, len(body))
        self.flush()
        self._connection.sendall(begun)
        self._connection.sendall(ascii_bytes(body) if isinstance(body, str) else body)

    def _cut(self) -> bytes | None:
        """The body of the first frame, if all of it is here."""
        incoming, begin = self._incoming, self._taken + _LENGTH
        if len(incoming) < begin:
            return None
        end = begin + int.from_bytes(incoming[self._taken : begin], "big")
        if end - begin > MAX_FRAME:
            raise DaemonGone("a frame is over the limit")
        if len(incoming) < end:
            return None
        self._taken = end
        frame = incoming[begin:end]
        return frame if type(frame) is bytes else bytes(frame)

    def _fill(self, *, wait: bool) -> bool:
        """Read what has come; return true if there was something."""
        try:
            data = self._connection.recv(_BUFFER, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as error:
            raise DaemonGone(str(error)) from error
        if not data:
            raise DaemonGone("the daemon has gone")
        self._keep(data)
        return True

    def _keep(self, data: bytes) -> None:
        """Have the data behind what was not taken yet; nothing is copied if all was."""
        if self._taken == len(self._incoming):
            self._incoming = data
        elif isinstance(self._incoming, bytearray):
            del self._incoming[: self._taken]
            self._incoming += data
        else:
            self._incoming = bytearray(self._incoming[self._taken :])
            self._incoming += data
        self._taken = 0


def _packed_readable(message: Upward) -> bytes:
    fields = {name: readable(value) for name, value in structs.asdict(message).items()}
    try:
        return pack(structs.replace(message, **fields))
    except UnicodeEncodeError as error:
        raise BadFrame(f"text that is no UTF-8: {error.reason}") from None
