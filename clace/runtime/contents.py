"""Bytes of static files, kept by their hash so that all apps and versions share them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import sha256
from weakref import WeakValueDictionary

from clace.interfaces import IFiles
from clace.model.wishes import IDENTITY
from clace.runtime.shared import Shared
from clace.threads import InThread

_MEGABYTE = 1 << 20
# Of an entry besides its bytes, about: an empty one costs memory too.
_ENTRY = 256
Key = tuple[str, str]


class Content:
    """The bytes of a file, one copy for all who send them."""

    __slots__ = ("__weakref__", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data


class Part:
    """An asynchronous iterator over bytes of a content, in pieces of at most ``piece``."""

    def __init__(self, content: Content, start: int, end: int, piece: int) -> None:
        self._content = content
        self._next = start
        self._end = end
        self._piece = piece

    def __aiter__(self) -> Part:
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


class Contents:
    """A cache of at most ``limit_mb``, of files that are not a large part of it.

    Larger ones are shared for as long as somebody sends them.
    """

    def __init__(self, in_thread: InThread, limit_mb: int = 64) -> None:
        self._in_thread = in_thread
        self._limit = limit_mb * _MEGABYTE
        self._held = 0
        self._kept: OrderedDict[Key, Content] = OrderedDict()
        self._sent: WeakValueDictionary[Key, Content] = WeakValueDictionary()
        self._reading: dict[Key, Shared[Content]] = {}

    async def plain(self, files: IFiles, name: str) -> Content:
        """:raises SourceError: if the file cannot be read."""
        key = (files.refs[name].sha256, IDENTITY)

        async def read() -> Content:
            content = Content(await files.read(name))
            # A dev's file may have changed meanwhile.
            if await self._hash(content) == key[0]:
                self._keep(key, content)
            return content

        return await self._find(key, read)

    async def encoded(self, files: IFiles, name: str, encoding: str) -> Content:
        """:raises SourceError: if the file cannot be had in this encoding."""
        key = (files.refs[name].sha256, encoding)

        async def read() -> Content:
            content = Content(await files.read_encoded(name, encoding))
            self._keep(key, content)
            return content

        return await self._find(key, read)

    def at_hand(self, sha256: str, encoding: str) -> Content | None:
        """The content, if it is kept or on its way to another client."""
        key = (sha256, encoding)
        content = self._kept.get(key)
        if content is None:
            return self._sent.get(key)
        self._kept.move_to_end(key)
        return content

    async def _hash(self, content: Content) -> str:
        """Hash a content; others are served while a large one is hashed."""

        def work() -> str:
            return sha256(content.data).hexdigest()

        return work() if len(content.data) < _MEGABYTE else await self._in_thread(work)

    async def _find(self, key: Key, read: Callable[[], Awaitable[Content]]) -> Content:
        """Return the content, read once for all who ask meanwhile."""
        content = self.at_hand(*key)
        if content is not None:
            return content
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = Shared(read)
        try:
            return await reading.result()
        finally:
            self._reading.pop(key, None)

    def _keep(self, key: Key, content: Content) -> None:
        size = len(content.data)
        if size > self._limit // 8:
            self._sent[key] = content
        elif key not in self._kept:
            self._kept[key] = content
            self._held += _ENTRY + size
        while self._held > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._held -= _ENTRY + len(dropped.data)
