"""Contents of files as they are sent: whole or in pieces, one copy for all clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol


class SharedBytes(Protocol):
    """The bytes of a file, one copy for all who send them."""

    @property
    def size(self) -> int:
        """Return the number of bytes."""

    def sent(self, start: int, end: int, piece: int) -> bytes | AsyncIterator[bytes]:
        """Return some of the bytes: as they are if they are few and in memory, else in pieces."""


class MemoryContent:
    """A content in memory."""

    __slots__ = ("__weakref__", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        return len(self.data)

    def sent(self, start: int, end: int, piece: int) -> bytes | MemoryPart:
        if end - start <= piece:
            return self.data[start:end]
        return MemoryPart(self, start, end, piece)


class MemoryPart:
    """An asynchronous iterator over bytes of a content, in pieces of at most ``piece``."""

    def __init__(self, content: MemoryContent, start: int, end: int, piece: int) -> None:
        self._content = content
        self._next = start
        self._end = end
        self._piece = piece

    def __aiter__(self) -> MemoryPart:
        return self

    def at_hand(self) -> bytes | None:
        """The next piece, ``None`` at the end."""
        if self._next >= self._end:
            return None
        start, self._next = self._next, min(self._next + self._piece, self._end)
        return self._content.data[start : self._next]

    async def __anext__(self) -> bytes:
        piece = self.at_hand()
        if piece is None:
            raise StopAsyncIteration
        return piece
