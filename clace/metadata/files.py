"""The files of a stored version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, BinaryIO

from sqlalchemy import Connection
from twisted.logger import Logger
from zope.interface import implementer

from clace.encodings import BROTLI, ENCODINGS, IDENTITY, encode
from clace.errors import SourceError, StoreError
from clace.interfaces import IFiles
from clace.metadata import queries
from clace.metadata.contents import StoredContent, plain_pieces
from clace.model import FileRef
from clace.threads import InThread
from clace.units import MEBIBYTE

Transacted = Callable[[str, Callable[[Connection], Any]], Awaitable[Any]]
"""Does work in a transaction; the text says what for."""
# What is larger is sent as it was stored: it would have to be whole in memory to be encoded.
_MOST_ENCODED = 16 * MEBIBYTE


class StoredContents:
    """Contents in the database, each once for all files that have it.

    An encoding other than that in which the content is stored is made when it is first wanted, and
    kept beside the content for as long as that is.
    """

    _log = Logger()

    def __init__(self, ask: Transacted, keep: Transacted, pack: InThread) -> None:
        self._ask, self._keep, self._pack = ask, keep, pack

    async def plain(self, ref: FileRef) -> bytes:
        """:raises StoreError: if it is not stored any more, or damaged."""

        def work(connection: Connection) -> bytes:
            return queries.content_of(connection, ref.sha256).plain()

        content: bytes = await self._ask(f"read file {ref.name}", work)
        return content

    async def copy(self, ref: FileRef, encoding: str, file: BinaryIO) -> None:
        """Write a content, or what it is in an encoding, without having it in memory as a whole.

        :raises StoreError: if it is not stored any more, or damaged.
        :raises OSError: if it cannot be written.
        """
        if encoding not in (IDENTITY, BROTLI):
            content = await self.encoded(ref, encoding)
            await self._pack(partial(file.write, content))
            return

        def work(connection: Connection) -> None:
            pieces = queries.content_pieces(connection, ref.sha256)
            if encoding == IDENTITY:
                compression = queries.compression_of(connection, ref.sha256)
                pieces = plain_pieces(ref.sha256, compression, pieces)
            file.writelines(pieces)

        await self._ask(f"read file {ref.name}", work)

    async def encoded(self, ref: FileRef, encoding: str) -> bytes:
        """:raises StoreError: if it is not stored any more, or damaged."""
        if encoding == BROTLI:
            stored: StoredContent = await self._ask(
                f"read file {ref.name}", partial(queries.content_of, sha256=ref.sha256)
            )
            return stored.content
        work = partial(queries.encoded_of, sha256=ref.sha256, encoding=encoding)
        kept: bytes | None = await self._ask(f"read file {ref.name}", work)
        return kept if kept is not None else await self._made(ref, encoding)

    async def _made(self, ref: FileRef, encoding: str) -> bytes:
        whole = await self.plain(ref)
        content = await self._pack(partial(encode, encoding, whole))
        try:
            await self._keep(
                f"keep file {ref.name} as {encoding}",
                partial(queries.put_encoded, sha256=ref.sha256, encoding=encoding, content=content),
            )
        except StoreError as error:
            self._log.warn("{error}", error=error.message)
        return content


@implementer(IFiles)
class StoredFiles:
    """A stored tree of files. The names are known at once; contents are read on demand.

    ``compressed`` are the contents that are stored as brotli.
    """

    def __init__(
        self, refs: Mapping[str, FileRef], compressed: frozenset[str], contents: StoredContents
    ) -> None:
        self.refs = refs
        self._compressed = compressed
        self._contents = contents

    async def read(self, name: str) -> bytes:
        return await self._contents.plain(self._ref(name))

    def encodings(self, name: str) -> tuple[str, ...]:
        ref = self.refs.get(name)
        if ref is None or ref.sha256 not in self._compressed:
            return ()
        return ENCODINGS if ref.size <= _MOST_ENCODED else (BROTLI,)

    async def read_encoded(self, name: str, encoding: str) -> bytes:
        ref = self._ref(name)
        if encoding not in self.encodings(name):
            raise SourceError(f"file {name} is not kept as {encoding}")
        return await self._contents.encoded(ref, encoding)

    async def copy(self, name: str, encoding: str, file: BinaryIO) -> None:
        ref = self._ref(name)
        if encoding != IDENTITY and encoding not in self.encodings(name):
            raise SourceError(f"file {name} is not kept as {encoding}")
        await self._contents.copy(ref, encoding, file)

    def _ref(self, name: str) -> FileRef:
        try:
            return self.refs[name]
        except KeyError:
            raise SourceError(f"file {name} does not exist") from None
