"""Apps from folders and single files of this machine."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, cast
from weakref import WeakValueDictionary

from zope.interface import implementer

from clace.encodings import Unencoded
from clace.errors import SourceError
from clace.interfaces import FetchedSource, IFiles
from clace.model import FileRef
from clace.sources.folders import (
    FolderEntry,
    content,
    content_of,
    opened_file,
    opened_source,
    opened_top,
)
from clace.sources.limits import SourceLimits, SourceTally, link_left_out, link_refused
from clace.sources.live import LiveFolder
from clace.sources.on_disk import SiteOnDisk
from clace.sources.tree import SourceTree, is_meant, nothing_meant
from clace.threads import InThread

_PROGRAMS = "*.star"
_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class FolderSource:
    """Folders; relative ones are below ``base``, and ``~`` is ``home``."""

    def __init__(
        self, in_thread: InThread, base: Path, home: Path, limits: SourceLimits | None = None
    ) -> None:
        self._in_thread = in_thread
        self._base, self._home = base, home
        self._limits = limits or SourceLimits()
        self._live: WeakValueDictionary[str, LiveFolder] = WeakValueDictionary()

    def absolute(self, text: str) -> str:
        """The path of the folder; it is not looked at."""
        if text == "~" or text.startswith("~/"):
            text = f"{self._home}{text[1:]}"
        return os.path.normpath(self._base / text)

    async def fetch(self, path: str) -> FetchedSource:
        """:raises SourceError: with what it has and may not have."""
        return await self._in_thread(partial(copied, path, self._limits, self._in_thread))

    async def texts(self, path: str, pattern: str) -> FetchedSource:
        """:raises SourceError: if no file in the folder is meant, or one cannot be read."""
        return await self._in_thread(partial(picked, path, pattern, self._limits))

    async def programs(self, path: str) -> SourceTree:
        """The programs of an app right in its folder, which may have none.

        :raises SourceError: if one cannot be read.
        """
        return await self._in_thread(partial(_programs, path, self._limits))

    def on_disk(self, path: str, kept: IFiles) -> SiteOnDisk:
        """The files that were kept, and those in the folder when they are asked for."""
        return SiteOnDisk(path, kept, self._in_thread, self._limits)

    def live(self, path: str) -> LiveFolder:
        """The folder as it is at each call; one object as long as anybody has it, since it knows
        which files it has hashed.
        """
        live = self._live.get(path) or LiveFolder(path, self._in_thread, self._limits)
        self._live[path] = live
        return live


@implementer(IFiles)
class FolderCopy(Unencoded):
    """The files of a folder as they were when it was read. Those that are not held in memory are
    read again when they are wanted, and refused if they have changed.
    """

    def __init__(
        self, path: str, held: Mapping[str, bytes], refs: Mapping[str, FileRef], again: ReadAgain
    ) -> None:
        self._path, self._held, self._again = path, held, again
        self.refs: Mapping[str, FileRef] = MappingProxyType(dict(refs))

    async def read(self, name: str) -> bytes:
        if name in self._held:
            return self._held[name]
        if name not in self.refs:
            raise SourceError(f"file {name} does not exist")
        return await self._again.in_thread(partial(self._read_again, name))

    def _read_again(self, name: str) -> bytes:
        whole = content_of(self._path, name, self._again.limits)
        if sha256(whole).hexdigest() != self.refs[name].sha256:
            raise SourceError(f"file {name} changed while the folder was copied, try again")
        return whole


class ReadAgain(NamedTuple):
    """The means to read files of a folder once more."""

    in_thread: InThread
    limits: SourceLimits


def copied(path: str, limits: SourceLimits, in_thread: InThread) -> FetchedSource:
    """The files of the folder, or the file alone, without links that lead nowhere; blocks.

    :raises SourceError: it has other links or special files, or too much.
    """
    tally = SourceTally(limits)
    held, refs, warnings = {}, {}, []
    room = limits.held
    with opened_source(path, limits) as entries:
        for found in entries:
            if stat.S_ISLNK(found.status.st_mode):
                _check_dangling(found)
                warnings.append(link_left_out(found.name))
            else:
                whole = _taken(found, limits, tally)
                refs[found.name] = FileRef.of(found.name, whole)
                if len(whole) <= room:
                    room -= len(whole)
                    held[found.name] = whole
    files = FolderCopy(path, held, refs, ReadAgain(in_thread, limits))
    return FetchedSource(files=files, warnings=tuple(warnings))


def _programs(path: str, limits: SourceLimits) -> SourceTree:
    with opened_top(path) as top:
        if not any(is_meant(entry.name, _PROGRAMS) for entry in os.scandir(top)):
            return SourceTree({})
    return cast("SourceTree", picked(path, _PROGRAMS, limits).files)


def picked(path: str, pattern: str, limits: SourceLimits) -> FetchedSource:
    """The files right in the folder that a name or glob means; blocks.

    :raises SourceError: if none is, or one cannot be read.
    """
    tally = SourceTally(limits)
    contents = {}
    with opened_top(path) as top:
        for name in sorted(entry.name for entry in os.scandir(top)):
            if is_meant(name, pattern):
                with opened_file(top, name) as descriptor:
                    contents[name] = content(descriptor, name, limits)
                tally.add(name, len(contents[name]))
    if not contents:
        raise nothing_meant(f"{path.rstrip('/')}/{pattern}")
    return FetchedSource(files=SourceTree(contents))


def _check_dangling(link: FolderEntry) -> None:
    """:raises SourceError: the link leads to something, or it cannot be known."""
    try:
        os.stat(link.part, dir_fd=link.folder)
    except OSError as error:
        if error.errno in _NOWHERE:
            return
    raise link_refused(link.name)


def _taken(found: FolderEntry, limits: SourceLimits, tally: SourceTally) -> bytes:
    if not stat.S_ISREG(found.status.st_mode):
        raise SourceError(f"{found.name} is neither a file nor a folder")
    tally.add(found.name, found.status.st_size)
    with opened_file(found.folder, found.part) as descriptor:
        return content(descriptor, found.name, limits)
