"""Bytes of static files, kept by their hash so that all apps and versions share them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from weakref import WeakValueDictionary

from twisted.logger import Logger

from clace.interfaces import IFiles
from clace.model.wishes import IDENTITY
from clace.runtime.sent import Content, MemoryContent
from clace.runtime.shared import Shared
from clace.runtime.spool import spooled
from clace.threads import InThread

_MEGABYTE = 1 << 20
# Of an entry besides its bytes, about: an empty one costs memory too.
_ENTRY = 256
Key = tuple[str, str]


class Contents:
    """A cache of at most ``limit_mb``, of files that are not a large part of it.

    Larger ones are written to a file and shared from there for as long as somebody sends them.
    """

    _log = Logger()

    def __init__(self, in_thread: InThread, limit_mb: int = 64) -> None:
        self._in_thread = in_thread
        self._limit = limit_mb * _MEGABYTE
        self._held = 0
        self._kept: OrderedDict[Key, MemoryContent] = OrderedDict()
        self._sent: WeakValueDictionary[Key, Content] = WeakValueDictionary()
        self._reading: dict[Key, Shared[Content]] = {}

    async def plain(self, files: IFiles, name: str) -> Content:
        """:raises SourceError: if the file cannot be read."""
        key = (files.refs[name].sha256, IDENTITY)

        async def read() -> Content:
            data = await files.read(name)
            # A dev's file may have changed meanwhile.
            is_same = await self._hash(data) == key[0]
            return await self._kept_as(key if is_same else None, data)

        return await self._find(key, read)

    async def encoded(self, files: IFiles, name: str, encoding: str) -> Content:
        """:raises SourceError: if the file cannot be had in this encoding."""
        key = (files.refs[name].sha256, encoding)

        async def read() -> Content:
            return await self._kept_as(key, await files.read_encoded(name, encoding))

        return await self._find(key, read)

    def at_hand(self, sha256: str, encoding: str) -> Content | None:
        """The content, if it is kept or on its way to another client."""
        key = (sha256, encoding)
        kept = self._kept.get(key)
        if kept is None:
            return self._sent.get(key)
        self._kept.move_to_end(key)
        return kept

    async def _hash(self, data: bytes) -> str:
        """Hash a content; others are served while a large one is hashed."""

        def work() -> str:
            return sha256(data).hexdigest()

        return work() if len(data) < _MEGABYTE else await self._in_thread(work)

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

    async def _kept_as(self, key: Key | None, data: bytes) -> Content:
        """Keep a content, or share it for now; without a key it is for one client."""
        if len(data) > self._limit // 8:
            content = await self._spooled(data)
            if key is not None:
                self._sent[key] = content
            return content
        kept = MemoryContent(data)
        if key is not None and key not in self._kept:
            self._kept[key] = kept
            self._held += _ENTRY + kept.size
            self._drop()
        return kept

    async def _spooled(self, data: bytes) -> Content:
        try:
            return await self._in_thread(partial(spooled, data, self._in_thread))
        except OSError as error:
            self._log.warn("no room for a large file that is sent: {error}", error=str(error))
            return MemoryContent(data)

    def _drop(self) -> None:
        while self._held > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._held -= _ENTRY + dropped.size
