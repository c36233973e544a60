"""The files that a backup has: which of the home, which of other folders, which of them secret."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from clace.backups.archive import HOME, OUTSIDE, is_nameable
from clace.model import LeftOut
from clace.units import MEBIBYTE

MADE_BY_SERVER = frozenset({"run", "logs"})
"""Folders of a home that a server makes anew."""
ENVIRONMENTS, VOLUMES = "environments", "data/apps/*/volumes"
"""Folders of a home of which only the names of what is in them are kept."""
DATA = "data"
"""The folder of a home that programs of apps write into, each as a user of its own."""
CONFIG = "config"
_BUILT = "built"
_BY_NAME = "kept by name"
_BLOCK, _MOST_HOLES = 512, 64 * MEBIBYTE
_DEEPEST = 100
_MAX_SECRET = MEBIBYTE
_CERTIFICATE, _PRIVATE = b"-----BEGIN CERTIFICATE", b"PRIVATE KEY"


class FoundFile(Struct, frozen=True, kw_only=True):
    """A file for a backup, by its name there."""

    name: str
    path: Path
    size: int
    mode: int = 0o600
    owner: int = 0
    is_secret: bool = False
    top: Path | None = None
    """The folder below which no link is followed, whenever one was put there; None for our own."""


class Survey(Struct, frozen=True):
    """All files of a backup but databases; what was left out."""

    files: tuple[FoundFile, ...]
    left_out: tuple[LeftOut, ...]


def surveyed(home: Path, taken: Iterable[Path], folders: Iterable[Path]) -> Survey:
    """Look through a home and further folders; ``taken`` are files that are kept in another way."""
    ours = frozenset(taken)
    found: list[FoundFile] = []
    left_out: list[LeftOut] = []
    for entry in _entries(home, home, left_out):
        name, path = entry.name, home / entry.name
        if name in MADE_BY_SERVER or path in ours:
            continue
        if name == ENVIRONMENTS:
            left_out += _names(path / _BUILT)
        elif entry.is_dir(follow_symlinks=False):
            found += _files_of_home(home, path, ours, left_out)
        else:
            left_out.append(LeftOut(str(path), "not a file of the server"))
    for folder in folders:
        if folder in home.parents or folder == home:
            left_out.append(LeftOut(str(folder), "the home is in it"))
        else:
            found += _walk(folder, folder, ours, left_out)
    return Survey(tuple(found), tuple(left_out))


def backup_name(home: Path, path: Path) -> str:
    """Return the name in a backup of a file at an absolute path."""
    if path.is_relative_to(home):
        return f"{HOME}/{path.relative_to(home)}"
    return f"{OUTSIDE}{path}"


def _files_of_home(
    home: Path, folder: Path, ours: frozenset[Path], left_out: list[LeftOut]
) -> Iterator[FoundFile]:
    for file in _walk(home, folder, ours, left_out, home):
        if folder.name == DATA:
            yield file
        else:
            secret = folder.name == CONFIG and is_secret(file.path)
            yield FoundFile(name=file.name, path=file.path, size=file.size, is_secret=secret)


def _walk(
    top: Path,
    folder: Path,
    ours: frozenset[Path],
    left_out: list[LeftOut],
    home: Path = Path("/nowhere"),
) -> Iterator[FoundFile]:
    """Find the files of a folder in ``top``; links are not followed."""
    if len(folder.relative_to(top).parts) > _DEEPEST:
        left_out.append(LeftOut(ascii(str(folder)), "it is too deep"))
        return
    for entry in _entries(top, folder, left_out):
        path = folder / entry.name
        name = backup_name(home, path)
        if path in ours or _is_of_database(path, ours):
            continue
        if not is_nameable(name):
            left_out.append(LeftOut(ascii(str(path)), "its name cannot be kept"))
        elif path.is_relative_to(home) and path.relative_to(home).match(VOLUMES):
            left_out += _names(path)
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(top, path, ours, left_out, home)
        elif entry.is_file(follow_symlinks=False):
            about = entry.stat(follow_symlinks=False)
            if _is_hollow(about):
                left_out.append(LeftOut(str(path), "nearly all of it is holes"))
            else:
                yield _found(name, top, path, about)
        else:
            left_out.append(LeftOut(str(path), "a link, or no file"))


def _is_hollow(about: os.stat_result) -> bool:
    """Return true if a file claims to be far larger than it is: one such would fill every disk."""
    written = about.st_blocks * _BLOCK
    return about.st_size - written > _MOST_HOLES and written < about.st_size // 8


def _found(name: str, top: Path, path: Path, about: os.stat_result) -> FoundFile:
    return FoundFile(
        name=name,
        path=path,
        size=about.st_size,
        mode=stat.S_IMODE(about.st_mode) & 0o777,
        owner=about.st_uid,
        top=top,
    )


def opened_below(top: Path, path: Path, *flags: int) -> int:
    """Open a file or folder below ``top``, where programs of apps may put links at any time.

    :raises OSError: if it cannot be opened, or a link is on the way.
    """
    mode = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    here = os.open(top, mode | os.O_DIRECTORY)
    *folders, last = path.relative_to(top).parts or (".",)
    for name, kind in (*((each, os.O_DIRECTORY) for each in folders), (last, sum(flags))):
        above = here
        try:
            here = os.open(name, mode | kind | os.O_NOFOLLOW, dir_fd=above)
        finally:
            os.close(above)
    return here


def _names(folder: Path) -> Iterator[LeftOut]:
    """Name what is in a folder; one that is not there has nothing."""
    if folder.is_dir():
        yield from (LeftOut(str(each), _BY_NAME) for each in sorted(folder.iterdir()))


def _entries(top: Path, folder: Path, left_out: list[LeftOut]) -> list[os.DirEntry[str]]:
    try:
        opened = opened_below(top, folder, os.O_DIRECTORY)
        try:
            with os.scandir(opened) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
            return [entry for entry in found if _is_there(entry)]
        finally:
            os.close(opened)
    except OSError as error:
        left_out.append(LeftOut(str(folder), f"cannot be read: {error.strerror}"))
        return []


def _is_there(entry: os.DirEntry[str]) -> bool:
    """Tell if an entry has not gone meanwhile; it knows all about itself from now on."""
    try:
        entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_of_database(path: Path, ours: frozenset[Path]) -> bool:
    """Tell the files beside a database, and copies of it from before an upgrade."""
    if path.name.endswith(".bak"):
        return any(path.name.startswith(f"{each.name}.") for each in ours)
    for end in ("-wal", "-shm", "-journal"):
        if path.name.endswith(end):
            return path.with_name(path.name.removesuffix(end)) in ours
    return False


def is_secret(path: Path) -> bool:
    """Tell a file of ``config/`` that may hold a secret: all but certificates alone.

    One with its key beside it is of no use without, and a server would not start with it.
    """
    if path.with_suffix(".key").exists():
        return True
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_SECRET + 1)
    except OSError:
        return True
    return _CERTIFICATE not in content or _PRIVATE in content
