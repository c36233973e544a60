"""Framing of a request's body: by its length, or by its chunks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from clace.web.http1.limits import RefusedRequest

_MAX_LINE = 1024
_MAX_TRAILERS = 8 * 1024
_FREE_FRAMING = 16 * 1024
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")


def body_too_large(limit: int) -> RefusedRequest:
    """The refusal of a body over a limit in bytes, which it names."""
    return RefusedRequest(413, f"the request body is over the limit of {limit} bytes")


class RequestBody(Protocol):
    """A body as it arrives; ``finished`` once all of it has been taken."""

    finished: bool

    def take(self, received: bytearray) -> bytes:
        """Remove from ``received`` what is known to belong to the body, and give its content.

        :raises RefusedRequest: if it is malformed, or over its limit.
        """


class SizedBody:
    """A body of so many bytes."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.finished = not length

    def take(self, received: bytearray) -> bytes:
        if len(received) <= self._left:
            data = bytes(received)
            received.clear()
        else:
            data = bytes(received[: self._left])
            del received[: self._left]
        self._left -= len(data)
        self.finished = not self._left
        return data


NO_BODY = SizedBody(0)
"""The body of most requests; nothing changes it."""


class ChunkedBody:
    """A body in chunks, to the letter of RFC 9112; extensions and trailers are dropped.

    What is said around the content counts as content does, but for the first kilobytes, and may
    not come to be more than the content.
    """

    def __init__(self, limit: int) -> None:
        self._allowed = limit
        self._content = 0
        self._framing = 0
        self._left = 0
        self._trailers = 0
        self._step: Callable[[bytearray, list[bytes]], bool] = self._take_size
        self.finished = False

    def allow(self, limit: int) -> None:
        """Allow so many bytes from now on, in place of the limit before."""
        self._allowed = limit

    def take(self, received: bytearray) -> bytes:
        content: list[bytes] = []
        while not self.finished and self._step(received, content):
            pass
        return b"".join(content)

    def _take_size(self, received: bytearray, _content: list[bytes]) -> bool:
        line = _take_line(received)
        if line is None:
            return False
        size = _SIZE.fullmatch(line)
        if size is None:
            raise RefusedRequest(400, "malformed chunk")
        self._left = int(size[1], 16)
        self._count_framing(len(line) + 2 * len(b"\r\n"))
        self._content += self._left
        if self._content + max(0, self._framing - _FREE_FRAMING) > self._allowed:
            raise body_too_large(self._allowed)
        self._step = self._take_data if self._left else self._take_trailer
        return True

    def _count_framing(self, size: int) -> None:
        self._framing += size
        if self._framing > _FREE_FRAMING + self._content:
            raise RefusedRequest(400, "the request body has more framing than content")

    def _take_data(self, received: bytearray, content: list[bytes]) -> bool:
        data = bytes(received[: self._left])
        del received[: self._left]
        content.append(data)
        self._left -= len(data)
        if not self._left:
            self._step = self._take_end
        return not self._left

    def _take_end(self, received: bytearray, _content: list[bytes]) -> bool:
        if not b"\r\n".startswith(received[:2]):
            raise RefusedRequest(400, "malformed chunk")
        if len(received) < 2:  # noqa: PLR2004 - CR and LF
            return False
        del received[:2]
        self._step = self._take_size
        return True

    def _take_trailer(self, received: bytearray, _content: list[bytes]) -> bool:
        line = _take_line(received)
        if line is None:
            return False
        self._trailers += len(line) + len(b"\r\n")
        if self._trailers > _MAX_TRAILERS:
            raise RefusedRequest(431, "the trailers are too long")
        if line and not _TRAILER.fullmatch(line):
            raise RefusedRequest(400, "malformed trailer")
        self.finished = not line
        return True


def _take_line(received: bytearray) -> bytes | None:
    """The line up to CRLF, without it, or ``None`` while it is not all there."""
    end = received.find(b"\r\n")
    if (len(received) - 1 if end < 0 else end) > _MAX_LINE:
        raise RefusedRequest(400, "a line in the request body is too long")
    if end < 0:
        return None
    line = bytes(received[:end])
    del received[: end + 2]
    return line
