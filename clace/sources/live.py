"""A folder that is being worked on, as it is at each look."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from functools import partial

from zope.interface import implementer

from clace.errors import SourceError
from clace.interfaces import IFiles
from clace.model.app import FileRef
from clace.sources.folders import content, entries, opened_file, opened_top
from clace.sources.limits import Limits
from clace.threads import InThread


@implementer(IFiles)
class LiveFolder:
    """What a copy would refuse (links, special files) is not there."""

    refs: Mapping[str, FileRef]

    def __init__(self, path: str, in_thread: InThread, limits: Limits) -> None:
        self.refs = LiveRefs(path, limits)
        self._path, self._limits = path, limits
        self._in_thread = in_thread

    async def read(self, name: str) -> bytes:
        return await self._in_thread(partial(_content, self._path, name, self._limits))

    async def read_brotli(self, name: str) -> bytes | None:
        """Never: nothing is compressed here."""
        await self.read(name)
        return None


class LiveRefs(Mapping[str, FileRef]):
    """Names are looked up when asked for; a file is hashed when first asked for after a change."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._path, self._limits = path, limits
        self._known: dict[str, tuple[object, FileRef]] = {}

    def __getitem__(self, name: str) -> FileRef:
        try:
            with opened_top(self._path) as top, opened_file(top, name) as descriptor:
                return self._ref(name, descriptor)
        except SourceError as error:
            raise KeyError(name) from error

    def _ref(self, name: str, descriptor: int) -> FileRef:
        status = os.fstat(descriptor)
        state = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._known.get(name)
        if known is None or known[0] != state:
            whole = content(descriptor, name, self._limits)
            ref = FileRef(name, hashlib.sha256(whole).hexdigest(), len(whole))
            known = self._known[name] = state, ref
        return known[1]

    def __iter__(self) -> Iterator[str]:
        """:raises SourceError: the folder is gone."""
        with opened_top(self._path) as top:
            found = [
                entry.name
                for entry in entries(top, self._limits)
                if stat.S_ISREG(entry.status.st_mode)
            ]
        return iter(found)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _content(path: str, name: str, limits: Limits) -> bytes:
    with opened_top(path) as top, opened_file(top, name) as descriptor:
        return content(descriptor, name, limits)
