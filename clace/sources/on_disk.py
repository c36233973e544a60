"""Sites whose files stay in their folder and are looked up there, one by one."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from functools import partial
from typing import BinaryIO

from zope.interface import implementer

from clace.encodings import Unencoded
from clace.errors import SourceError
from clace.interfaces import IFiles
from clace.model import FileRef
from clace.sources.folders import content, content_of, opened_file, opened_top
from clace.sources.limits import SourceLimits
from clace.threads import InThread


class DiskRefs(Mapping[str, FileRef]):
    """The files that were kept, and when it is asked for one by its name, those of a folder.

    Iterating over it gives only those that were kept: a folder is never read as a whole.
    """

    def __init__(self, path: str, kept: Mapping[str, FileRef], limits: SourceLimits) -> None:
        self._path, self._kept, self._limits = path, kept, limits
        self._known: dict[str, tuple[object, FileRef]] = {}

    def __getitem__(self, name: str) -> FileRef:
        """Hash the file if it is new or changed since it was last asked for."""
        if name in self._kept:
            return self._kept[name]
        try:
            with opened_top(self._path) as top, opened_file(top, name) as descriptor:
                return self._looked_at(name, descriptor)
        except SourceError:
            self._known.pop(name, None)
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def _looked_at(self, name: str, descriptor: int) -> FileRef:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{name} is not a file")
        state = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._known.get(name)
        if known is None or known[0] != state:
            whole = content(descriptor, name, self._limits)
            ref = FileRef(name, hashlib.sha256(whole).hexdigest(), len(whole))
            known = self._known[name] = (state, ref)
        return known[1]


@implementer(IFiles)
class SiteOnDisk(Unencoded):
    """A site: ``kept`` are its program's files, and all the others are read from its folder."""

    def __init__(self, path: str, kept: IFiles, in_thread: InThread, limits: SourceLimits) -> None:
        self._path, self._kept = path, kept
        self._in_thread, self._limits = in_thread, limits
        self.refs: Mapping[str, FileRef] = DiskRefs(path, kept.refs, limits)

    async def read(self, name: str) -> bytes:
        if name in self._kept.refs:
            return await self._kept.read(name)
        return await self._in_thread(partial(content_of, self._path, name, self._limits))

    def encodings(self, name: str) -> tuple[str, ...]:
        return self._kept.encodings(name) if name in self._kept.refs else ()

    async def read_encoded(self, name: str, encoding: str) -> bytes:
        if name in self._kept.refs:
            return await self._kept.read_encoded(name, encoding)
        return await super().read_encoded(name, encoding)

    async def copy(self, name: str, encoding: str, file: BinaryIO) -> None:
        if name in self._kept.refs:
            await self._kept.copy(name, encoding, file)
        else:
            await super().copy(name, encoding, file)
