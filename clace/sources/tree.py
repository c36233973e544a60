"""Files in memory that do not change."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
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
        refs = {name: FileRef.of(name, content) for name, content in self._contents.items()}
        self.refs = MappingProxyType(refs)

    async def read(self, name: str) -> bytes:
        try:
            return self._contents[name]
        except KeyError:
            raise SourceError(f"file {name} does not exist") from None


def is_meant(name: str, pattern: str) -> bool:
    """Tell a file right in a folder that a name or glob means; hidden ones by their name only."""
    if name == pattern:
        return True
    return "/" not in name and not name.startswith(".") and fnmatchcase(name, pattern)


def nothing_meant(source: str) -> SourceError:
    return SourceError(f"no matching files found in {source}")
