"""A folder or file that is being worked on, as it is at each look."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from functools import partial

from zope.interface import implementer

from clace.encodings import Unencoded
from clace.errors import SourceError
from clace.interfaces import IFiles
from clace.model import FileRef
from clace.sources.folders import FolderEntry, content, content_of, opened_file, opened_source
from clace.sources.limits import SourceLimits
from clace.threads import InThread


@implementer(IFiles)
class LiveFolder(Unencoded):
    """A folder as it is now, without what a copy would refuse (links, special files)."""

    def __init__(self, path: str, in_thread: InThread, limits: SourceLimits) -> None:
        self._path, self._limits = path, limits
        self._in_thread = in_thread
        self._known: dict[str, tuple[object, FileRef]] = {}

    @property
    def refs(self) -> Mapping[str, FileRef]:
        """Return the files as they are now; those that changed since the last look are hashed.

        :raises SourceError: if the folder is gone.
        """
        known = {}
        with opened_source(self._path, self._limits) as entries:
            for found in entries:
                looked_at = self._look(found)
                if looked_at is not None:
                    known[found.name] = looked_at
        self._known = known
        return {name: ref for name, (_, ref) in known.items()}

    def _look(self, found: FolderEntry) -> tuple[object, FileRef] | None:
        status = found.status
        if not stat.S_ISREG(status.st_mode):
            return None
        state = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._known.get(found.name)
        if known is not None and known[0] == state:
            return known
        try:
            with opened_file(found.folder, found.part) as descriptor:
                whole = content(descriptor, found.name, self._limits)
        except SourceError:
            # Too large, or gone since it was listed.
            return None
        return state, FileRef.of(found.name, whole)

    async def read(self, name: str) -> bytes:
        return await self._in_thread(partial(content_of, self._path, name, self._limits))
