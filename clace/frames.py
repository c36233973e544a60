"""Frames in a stream of bytes: a length, a body, and for some a tail of bytes behind it.

A tail is what would be copied again and again if it were a part of the body.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from clace.errors import ClaceError
from clace.units import MEBIBYTE

MAX_FRAME = 64 * MEBIBYTE
_LENGTH = struct.Struct(">I")
_LENGTHS = struct.Struct(">II")
_HAS_TAIL = 1 << 31
# Smaller pieces of a tail are put together: each takes memory besides its bytes.
_LEAST_PIECE = 8192


class BadFrame(ClaceError):
    """Bytes that are not a frame of this protocol."""

    code = "bad_frame"


class Tailed(NamedTuple):
    """A frame with a tail, in the pieces in which it came."""

    body: bytes
    tail: tuple[bytes, ...]


def framed(body: bytes | bytearray) -> bytes:
    return _LENGTH.pack(len(body)) + body


def framed_before(tail: int, body: bytes) -> bytes:
    """The frame as far as its tail of so many bytes, which has to follow.

    :raises BadFrame: if it is over the limit.
    """
    _check_length(len(body) + tail, MAX_FRAME)
    return _LENGTHS.pack(len(body) | _HAS_TAIL, tail) + body


class FrameReader:
    """Cuts a stream of bytes into bodies of frames; ``longest`` is how long the next one may be."""

    def __init__(self, longest: Callable[[], int] = lambda: MAX_FRAME) -> None:
        self._longest = longest
        self._buffer = bytearray()
        self._body: bytes | None = None  # of a frame whose tail is being received
        self._tail: list[bytes] = []
        self._came = self._missing = 0

    @property
    def held(self) -> int:
        """Return the number of bytes that wait for more, or to be taken."""
        return len(self._buffer) + len(self._body or b"") + self._came

    def clear(self) -> None:
        """Keep nothing of what came so far."""
        self._buffer = bytearray()
        self._body = None
        self._tail = []
        self._came = self._missing = 0

    def only(self, data: bytes) -> bytes | None:
        """The body of the frame, if ``data`` is one and nothing waits; else it has to be fed."""
        whole = len(data)
        if self._buffer or self._body is not None or whole < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(data)
        if length != whole - _LENGTH.size or length > self._longest():
            return None
        return data[_LENGTH.size :]

    def feed(self, data: bytes) -> Iterator[bytes | Tailed]:
        """The frames that are complete now; those not taken are given the next time.

        :raises BadFrame: a length is over the limit; nothing after it is read.
        """
        if self._missing:
            data = self._add(data)
        self._buffer += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> bytes | Tailed | None:
        if self._body is None:
            return self._begun()
        if self._missing:
            return None
        frame = Tailed(self._body, tuple(self._tail))
        self._body, self._tail, self._came = None, [], 0
        return frame

    def _begun(self) -> bytes | Tailed | None:
        """The next frame; one with a tail is complete at most if the buffer has all of it."""
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length & _HAS_TAIL:
            return self._with_tail(length ^ _HAS_TAIL)
        _check_length(length, self._longest())
        end = _LENGTH.size + length
        return self._cut(_LENGTH.size, end) if len(self._buffer) >= end else None

    def _with_tail(self, length: int) -> bytes | Tailed | None:
        longest = self._longest()
        _check_length(length, longest)
        if len(self._buffer) < _LENGTHS.size:
            return None
        _, tail = _LENGTHS.unpack_from(self._buffer)
        _check_length(length + tail, longest)
        end = _LENGTHS.size + length
        if len(self._buffer) < end:
            return None
        self._body, self._missing = self._cut(_LENGTHS.size, end), tail
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._buffer += self._add(rest)
        return self._next()

    def _cut(self, start: int, end: int) -> bytes:
        with memoryview(self._buffer) as buffered:
            body = bytes(buffered[start:end])
        del self._buffer[:end]
        return body

    def _add(self, data: bytes) -> bytes:
        """Add to the tail what belongs to it, and return the rest."""
        piece = data[: self._missing]
        self._came += len(piece)
        self._missing -= len(piece)
        rest = data[len(piece) :]
        if self._tail and len(self._tail[-1]) < _LEAST_PIECE:
            piece = self._tail.pop() + piece
        if piece:
            self._tail.append(piece)
        return rest


def _check_length(length: int, longest: int) -> None:
    if length > longest:
        raise BadFrame(f"a frame of {length} bytes is over the limit of {longest}")
