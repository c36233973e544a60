"""Sources of apps as folders, for their programs to see."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

from clace.encodings import IDENTITY
from clace.errors import SourceError
from clace.interfaces import IFiles
from clace.model import FileRef
from clace.threads import InThread

_PROGRAMS = (b"#!", b"\x7fELF")


class SourceFolders:
    """A folder for the newest version of each app, and for others while a program or a build uses
    them; all can be made again.
    """

    def __init__(self, root: Path, in_thread: InThread) -> None:
        self._root = root
        self._in_thread = in_thread
        self._newest: dict[str, Path] = {}
        self._uses: Counter[Path] = Counter()
        self._asides = itertools.count()

    async def take(self, app_id: str, files: IFiles) -> Path:
        """The files as a folder, which is written unless it is there, and stays until it is left.

        :raises SourceError: if one cannot be read, or has a name that no file may have.
        :raises OSError: if the disk is full.
        """
        refs = dict(files.refs)
        folder = self._root / app_id / digest(refs)
        before, self._newest[app_id] = self._newest.get(app_id, folder), folder
        self._uses[folder] += 1
        try:
            if not folder.exists():
                await self._write(files, refs, folder)
            await self._tidy(app_id, before)
        except BaseException:
            await self.leave(app_id, folder)
            raise
        return folder

    def clear(self) -> None:
        """Remove all that an earlier server has written; blocks."""
        _remove(self._root)

    async def leave(self, app_id: str, folder: Path) -> None:
        """Use a folder no more, as often as it was taken."""
        self._uses[folder] -= 1
        await self._tidy(app_id, folder)

    async def forget(self, app_id: str) -> None:
        """Remove all of an app."""
        self._newest.pop(app_id, None)
        await self._in_thread(partial(_remove, self._root / app_id))

    async def _tidy(self, app_id: str, folder: Path) -> None:
        """Remove a folder that nobody uses, unless it is the newest of its app."""
        if self._uses[folder] > 0 or self._newest.get(app_id) == folder:
            return
        del self._uses[folder]
        aside = self._aside(folder)
        if _is_put_aside(folder, aside):  # whoever wants it from now on writes it anew
            await self._in_thread(partial(_remove, aside))

    def _aside(self, folder: Path) -> Path:
        return folder.with_name(f".{folder.name}.{next(self._asides)}")

    async def _write(self, files: IFiles, refs: Mapping[str, FileRef], folder: Path) -> None:
        """Write all beside, then give it its name: what has a name is whole."""
        aside = self._aside(folder)
        try:
            await self._in_thread(lambda: _emptied(aside))
            for name in refs:
                opened = partial(_opened, aside, _checked(name))
                with await self._in_thread(opened) as file:
                    await files.copy(name, IDENTITY, file)
                    await self._in_thread(partial(_finish, file))
            await self._in_thread(lambda: _named(aside, folder))
        except Exception:
            await self._in_thread(partial(_remove, aside))
            raise


def digest(refs: Mapping[str, FileRef]) -> str:
    """A name for exactly these files."""
    lines = (f"{ref.sha256} {name}\n" for name, ref in sorted(refs.items()))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _opened(top: Path, name: str) -> BinaryIO:
    place = top / name
    _make_parents(top, place)
    return place.open("x+b")


def _finish(file: BinaryIO) -> None:
    """Sources are kept without their modes: what looks like a program is one."""
    file.seek(0)  # which also writes what is left
    is_program = file.read(4).startswith(_PROGRAMS)
    os.fchmod(file.fileno(), 0o755 if is_program else 0o644)


def _make_parents(top: Path, place: Path) -> None:
    """Make the folders between, readable to the program whatever the umask of the server is."""
    for folder in reversed(place.relative_to(top).parents[:-1]):
        made = top / folder
        if not made.exists():
            made.mkdir()
            made.chmod(0o755)


def _is_put_aside(folder: Path, aside: Path) -> bool:
    try:
        folder.rename(aside)
    except OSError:
        return False
    return True


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _emptied(folder: Path) -> None:
    _remove(folder)
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)


def _named(aside: Path, folder: Path) -> None:
    try:
        aside.rename(folder)
    except OSError:
        _remove(aside)
        if not folder.exists():  # another one has written it meanwhile, if it is there
            raise


def _checked(name: str) -> str:
    if name.startswith("/") or any(part in {"", ".", ".."} for part in name.split("/")):
        raise SourceError(f"{name!r:.100} is no name of a file")
    return name
