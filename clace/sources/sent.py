"""Sources that clients send, piece by piece, and that are kept as folders."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Collection
from functools import partial
from itertools import chain, takewhile
from pathlib import Path

from attrs import define
from zope.interface import implementer

from clace.admin_api import FilePiece, SourcePart
from clace.errors import BadRequest, SourceError
from clace.interfaces import ISentSources, SentSource
from clace.sources.limits import SourceLimits, SourceTally, checked_name
from clace.threads import InThread
from clace.units import MEBIBYTE

SENT_LIMITS = SourceLimits(total=200 * MEBIBYTE)
_MOST_AT_ONCE = 16
_MOST_OF_ONE = 8
"""So many of one user may be arriving, and so many whole ones may wait for an app."""
_UNFINISHED_SECONDS = 3600
_LONGEST_PART = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@define
class _Arriving:
    """A source that is not whole yet: whose it is, and the file that goes on."""

    owner: str
    folder: Path
    tally: SourceTally
    seen: float
    folders: int = 0
    open_file: str = ""
    is_busy: bool = False


@implementer(ISentSources)
class SentSources:
    """Folders below ``root``; those that are not whole are below ``arriving`` until they are."""

    def __init__(
        self,
        root: Path,
        arriving: Path,
        in_thread: InThread,
        seconds: Callable[[], float],
        new_id: Callable[[], str],
        limits: SourceLimits = SENT_LIMITS,
    ) -> None:
        self._root, self._place = root, arriving
        self._in_thread = in_thread
        self._seconds = seconds
        self._new_id = new_id
        self._limits = limits
        self._arriving: dict[str, _Arriving] = {}
        self._owners: dict[str, str] = {}

    def open(self) -> None:
        """Remove what was not whole when the server stopped; blocks."""
        shutil.rmtree(self._place, ignore_errors=True)

    async def take(self, owner: str, part: SourcePart) -> SentSource:
        if not part.source:
            await self._drop_unfinished()
        name, source = self._found(owner, part)
        if source.is_busy:
            raise BadRequest("another part of this source is being written")
        source.is_busy = True
        try:
            await self._in_thread(partial(self._write, source, part.pieces))
            folder = await self._finish(name, source) if part.is_last else ""
        except (SourceError, OSError) as error:
            await self._drop(name)
            if isinstance(error, OSError):
                raise SourceError(f"the source cannot be written: {error.strerror}") from error
            raise
        finally:
            source.is_busy = False
        tally = source.tally
        return SentSource(id=name, files=tally.files, size=tally.total, folder=folder)

    async def prune(self, used: Collection[str]) -> None:
        excess = self._excess(used)

        def remove() -> None:
            for folder in self._root.iterdir() if self._root.is_dir() else ():
                if str(folder) not in used and (str(folder) in excess or _is_old(folder)):
                    shutil.rmtree(folder, ignore_errors=True)

        await self._in_thread(remove)

    def _excess(self, used: Collection[str]) -> frozenset[str]:
        """The oldest folders of users who have too many that no app uses; they are forgotten.

        Owners are not known any longer after a restart: then folders go by their age alone.
        """
        unused: dict[str, list[str]] = {}
        for folder, owner in self._owners.items():
            if folder not in used:
                unused.setdefault(owner, []).append(folder)
        excess = frozenset(chain.from_iterable(each[:-_MOST_OF_ONE] for each in unused.values()))
        for folder in excess:
            del self._owners[folder]
        return excess

    def _found(self, owner: str, part: SourcePart) -> tuple[str, _Arriving]:
        """:raises BadRequest: if the source is not the owner's, or something is missing."""
        if not part.source:
            return self._begun(owner)
        source = self._arriving.get(part.source)
        if source is None or source.owner != owner:
            raise BadRequest("no source of this name is being sent")
        if (arrived := source.tally.total) != part.before:
            raise BadRequest(f"{part.before} bytes were sent before, and {arrived} arrived")
        source.seen = self._seconds()
        return part.source, source

    def _begun(self, owner: str) -> tuple[str, _Arriving]:
        of_one = sum(each.owner == owner for each in self._arriving.values())
        if of_one >= _MOST_OF_ONE or len(self._arriving) >= _MOST_AT_ONCE:
            raise BadRequest("too many sources are being sent; try again later")
        name = self._new_id()
        tally = SourceTally(self._limits)
        source = _Arriving(owner, self._place / name, tally, self._seconds())
        self._arriving[name] = source
        return name, source

    async def _drop_unfinished(self) -> None:
        now = self._seconds()
        over = [
            name
            for name, each in self._arriving.items()
            if now - each.seen > _UNFINISHED_SECONDS and not each.is_busy
        ]
        for source in [self._arriving.pop(name) for name in over]:
            await self._remove(source)

    def _write(self, source: _Arriving, pieces: tuple[FilePiece, ...]) -> None:
        """:raises SourceError: if a file may not be in a source, or it has too much."""
        source.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for piece in pieces:
            if source.open_file and source.open_file != piece.name:
                raise SourceError(f"file {source.open_file} is not whole")
            place = source.folder / _checked(piece.name, self._limits)
            if source.open_file:
                source.tally.more(piece.name, len(piece.data))
            else:
                self._make(source, place)
                source.tally.add(piece.name, len(piece.data))
            with place.open("ab") as file:
                file.write(piece.data)
            source.open_file = piece.name if piece.more else ""

    def _make(self, source: _Arriving, place: Path) -> None:
        """Make a new file, in folders of its own.

        :raises SourceError: if it is there, a file is in the place of a folder, or there are more
            folders than there may be files.
        """
        missing = list(takewhile(lambda folder: not os.path.lexists(folder), place.parents))
        source.folders += len(missing)
        if source.folders > self._limits.files:
            raise SourceError(f"the source has more than {self._limits.files} folders")
        try:
            for folder in reversed(missing):
                folder.mkdir(mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(place, flags, 0o600))
        except (FileExistsError, NotADirectoryError):
            raise SourceError(f"{place.name} is there twice") from None

    async def _finish(self, name: str, source: _Arriving) -> str:
        if source.open_file:
            raise SourceError(f"file {source.open_file} is not whole")
        whole = self._root / name

        def move() -> None:
            source.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.utime(source.folder)  # its age counts from now
            source.folder.rename(whole)

        await self._in_thread(move)
        self._owners[str(whole)] = source.owner
        del self._arriving[name]
        return str(whole)

    async def _drop(self, name: str) -> None:
        await self._remove(self._arriving.pop(name))

    async def _remove(self, source: _Arriving) -> None:
        await self._in_thread(partial(shutil.rmtree, source.folder, ignore_errors=True))


def _is_old(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > _UNFINISHED_SECONDS
    except FileNotFoundError:  # it was removed for another request
        return True


def _checked(name: str, limits: SourceLimits) -> str:
    """:raises SourceError: if no file of a source has the name."""
    parts = name.split("/")
    if (
        any(
            part in {"", ".", ".."} or len(part.encode("utf-8", "replace")) > _LONGEST_PART
            for part in parts
        )
        or _CONTROL.search(name)
        or len(parts) > limits.depth
    ):
        raise SourceError(f"{name!r:.100} is no name of a file")
    return checked_name(name)
