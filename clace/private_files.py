"""Files written whole or not at all, with their mode from the first byte on."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from clace.errors import NoSpace
from clace.units import MEBIBYTE

FreeBytes = Callable[[Path], int]


def make_private_folder(folder: Path) -> None:
    """Make the folder with mode 0700 if it is missing; an existing one is left as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)


def make_private_folders(folder: Path) -> None:
    """Make the folder and those above it that are missing, each with mode 0700."""
    if not folder.is_dir():
        make_private_folders(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)


def create_file(path: Path, content: bytes, mode: int) -> bool:
    """Write a new file; ``False`` if there is one already, which stays untouched."""
    with _written_aside(path, content, mode) as aside:
        try:
            # Unlike a rename, a link never replaces what somebody else put there meanwhile.
            os.link(aside, path)
        except FileExistsError:
            return False
        return True


def replace_file(
    path: Path, content: bytes, mode: int, owner: tuple[int, int] | None = None
) -> None:
    """Replace the content of a file; readers see the old one or the new, never a part.

    ``owner`` is the user and group that it belongs to afterwards, if not to this process.
    """
    with _written_aside(path, content, mode) as aside:
        if owner and owner != (aside.stat().st_uid, aside.stat().st_gid):
            os.chown(aside, *owner)
            aside.chmod(mode)
        aside.rename(path)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file for its owner only, which gets its name when all is written; one that is there
    stays untouched.

    :raises FileExistsError: at once, and at the end, if there is one.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    aside = path.with_name(f".{path.name}.{token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(aside, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        # Unlike a rename, a link never replaces what somebody else put there meanwhile.
        os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def free_bytes(place: Path) -> int:
    """Return the space that is left on the disk of a place."""
    return shutil.disk_usage(place).free


def check_space(place: Path, size: int, purpose: str, free: FreeBytes = free_bytes) -> None:
    """:raises NoSpace: if the disk of a place has less than ``size`` bytes left."""
    left = free(place)
    if left < size:
        raise NoSpace(
            f"{purpose} may need {_megabytes(size)}, and the disk of {place} has "
            f"{_megabytes(left)} left; nothing was written"
        )


def _megabytes(size: int) -> str:
    return f"{-(-size // MEBIBYTE)} MB"


@contextmanager
def _written_aside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    aside = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        yield aside
    finally:
        aside.unlink(missing_ok=True)
