"""Files in memory that do not change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from zope.interface import implementer

from clace.encodings import Unencoded
from clace.errors import SourceError
from clace.interfaces import IFiles
from clace.model import FileRef


@implementer(IFiles)
class SourceTree(Unencoded):
    """The given files, by name; making it hashes them all."""

    refs: Mapping[str, FileRef]

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = dict(contents)
        refs = {name: _ref(name, content) for name, content in self._contents.items()}
        self.refs = MappingProxyType(refs)

    async def read(self, name: str) -> bytes:
        try:
            return self._contents[name]
        except KeyError:
            raise SourceError(f"file {name} does not exist") from None


def _ref(name: str, content: bytes) -> FileRef:
    return FileRef(name, hashlib.sha256(content).hexdigest(), len(content))
