"""The files of a stored version."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine
from zope.interface import implementer

from clace.database.engine import transaction
from clace.errors import SourceError
from clace.interfaces import IFiles
from clace.metadata import queries
from clace.metadata.contents import BROTLI, Content
from clace.model.app import FileRef
from clace.threads import InThread


@implementer(IFiles)
class StoredFiles:
    """A stored tree of files. The names are known at once; contents are read on demand."""

    def __init__(self, refs: Mapping[str, FileRef], engine: Engine, in_thread: InThread) -> None:
        self.refs = refs
        self._engine = engine
        self._in_thread = in_thread

    async def read(self, name: str) -> bytes:
        ref = self._ref(name)
        return await self._in_thread(lambda: self._content(ref).plain())

    async def read_brotli(self, name: str) -> bytes | None:
        ref = self._ref(name)
        content = await self._in_thread(lambda: self._content(ref))
        return content.content if content.compression == BROTLI else None

    def _ref(self, name: str) -> FileRef:
        try:
            return self.refs[name]
        except KeyError:
            raise SourceError(f"file {name} does not exist") from None

    def _content(self, ref: FileRef) -> Content:
        with transaction(self._engine, f"read file {ref.name}") as connection:
            return queries.content_of(connection, ref.sha256)
