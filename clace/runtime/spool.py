"""Contents too large for memory: in files without a name, sent from there piece by piece."""

from __future__ import annotations

import os
from functools import partial
from typing import IO
from weakref import finalize

from clace.threads import InThread


class SpooledContent:
    """The bytes of a file, on disk and without a name; they go with the last who sends them."""

    def __init__(self, file: IO[bytes], size: int, in_thread: InThread) -> None:
        self._descriptor = file.fileno()
        self._in_thread = in_thread
        self.size = size
        finalize(self, file.close)

    def sent(self, start: int, end: int, piece: int) -> SpooledPart:
        return SpooledPart(self, start, end, piece)

    def at_hand(self, size: int, start: int) -> bytes | None:
        """Return bytes from here, if the system has them in memory."""
        room = bytearray(size)
        try:
            count = os.preadv(self._descriptor, [room], start, os.RWF_NOWAIT)
        except OSError:  # it has not, or the file system cannot tell
            return None
        return bytes(memoryview(room)[:count]) or None

    async def read(self, size: int, start: int) -> bytes:
        return await self._in_thread(partial(os.pread, self._descriptor, size, start))


class SpooledPart:
    """Bytes of a spooled content, in pieces of at most ``piece``."""

    def __init__(self, content: SpooledContent, start: int, end: int, piece: int) -> None:
        self._content = content
        self._next = start
        self._end = end
        self._piece = piece

    def __aiter__(self) -> SpooledPart:
        return self

    def at_hand(self) -> bytes | None:
        """The next piece, if nothing has to be waited for."""
        if not self._wanted:
            return None
        return self._taken(self._content.at_hand(self._wanted, self._next))

    async def __anext__(self) -> bytes:
        if not self._wanted:
            raise StopAsyncIteration
        piece = self._taken(await self._content.read(self._wanted, self._next))
        if not piece:
            raise EOFError("a spooled file became shorter while it was sent")
        return piece

    @property
    def _wanted(self) -> int:
        return min(self._piece, self._end - self._next)

    def _taken(self, piece: bytes | None) -> bytes | None:
        self._next += len(piece or b"")
        return piece
