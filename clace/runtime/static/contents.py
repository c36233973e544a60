"""Bytes of static files, kept by their hash so that all apps and versions share them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from hashlib import file_digest, sha256
from tempfile import TemporaryFile
from typing import Protocol
from weakref import WeakValueDictionary

from twisted.logger import Logger

from clace.encodings import IDENTITY
from clace.interfaces import IFiles
from clace.runtime.sent import MemoryContent, SharedBytes
from clace.runtime.spool import SpooledContent
from clace.single_flight import SingleFlight
from clace.threads import InThread
from clace.units import MEBIBYTE

# Of an entry besides its bytes, about: an empty one costs memory too.
_ENTRY = 256
# Large contents that stay on the disk when nobody is sent them: the last that were.
_RECENT = 4
Key = tuple[str, str]


class _Digest(Protocol):
    def hexdigest(self) -> str: ...


class ContentCache:
    """A cache of at most ``limit_mb``, of files that are not a large part of it.

    Larger ones are written to a file and shared from there, for as long as somebody is sent them or
    they are among the last that were.
    """

    _log = Logger()

    def __init__(self, in_thread: InThread, limit_mb: int = 64) -> None:
        self._in_thread = in_thread
        self._limit = limit_mb * MEBIBYTE
        self._held = 0
        self._kept: OrderedDict[Key, MemoryContent] = OrderedDict()
        self._sent: WeakValueDictionary[Key, SharedBytes] = WeakValueDictionary()
        self._recent: OrderedDict[Key, SpooledContent] = OrderedDict()
        self._reading: dict[Key, SingleFlight[SharedBytes]] = {}

    async def read(self, files: IFiles, name: str, encoding: str = IDENTITY) -> SharedBytes:
        """The file in an encoding.

        :raises SourceError: if it cannot be read.
        """
        key = (files.refs[name].sha256, encoding)
        content = self.at_hand(*key)
        if content is not None:
            return content
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = SingleFlight(partial(self._read, files, name, key))
        try:
            return await reading.result()
        finally:
            self._reading.pop(key, None)

    def at_hand(self, sha256: str, encoding: str) -> SharedBytes | None:
        """The content, if it is kept or on its way to another client."""
        key = (sha256, encoding)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        content = self._sent.get(key)
        if isinstance(content, SpooledContent):
            self._remember(key, content)
        return content

    async def _read(self, files: IFiles, name: str, key: Key) -> SharedBytes:
        if files.refs[name].size > self._limit // 8:
            try:
                return await self._spooled(files, name, key)
            except OSError as error:
                told = "no room for a large file that is sent, {name}: {error}"
                self._log.warn(told, name=name, error=str(error))
        _, encoding = key
        if encoding != IDENTITY:
            return self._keep(key, await files.read_encoded(name, encoding))
        data = await files.read(name)
        # A dev's file may have changed meanwhile.
        is_same = await self._hashed(partial(sha256, data), len(data)) == key[0]
        return self._keep(key, data) if is_same else MemoryContent(data)

    async def _spooled(self, files: IFiles, name: str, key: Key) -> SharedBytes:
        """Share a file that is too large to be kept, from the disk."""
        sha, encoding = key
        with ExitStack() as unless_it_is_sent:
            file = unless_it_is_sent.enter_context(TemporaryFile())
            await files.copy(name, encoding, file)
            file.flush()
            size = file.tell()
            file.seek(0)
            digest = partial(file_digest, file, "sha256")
            is_same = encoding != IDENTITY or await self._hashed(digest, size) == sha
            unless_it_is_sent.pop_all()
        content = SpooledContent(file, size, self._in_thread)
        if is_same:
            self._sent[key] = content
            self._remember(key, content)
        return content

    def _remember(self, key: Key, content: SpooledContent) -> None:
        """Keep it on the disk for a while: who plays a film asks for it part by part."""
        self._recent[key] = content
        self._recent.move_to_end(key)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    async def _hashed(self, digest: Callable[[], _Digest], size: int) -> str:
        """Hash a content; others are served while a large one is hashed."""

        def work() -> str:
            return digest().hexdigest()

        return work() if size < MEBIBYTE else await self._in_thread(work)

    def _keep(self, key: Key, data: bytes) -> SharedBytes:
        """Keep a content, unless it is a large part of what may be kept: then it is shared."""
        content = MemoryContent(data)
        if content.size > self._limit // 8:
            self._sent[key] = content
        elif key not in self._kept:
            self._kept[key] = content
            self._held += _ENTRY + content.size
            self._drop()
        return content

    def _drop(self) -> None:
        while self._held > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._held -= _ENTRY + dropped.size
