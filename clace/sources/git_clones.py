"""Clones that are kept, so that a fetch brings only what none before it brought.

A clone is a folder of git's packs, with the names of the commits whose files are all in them. A
fetch works in a repository of its own, which borrows from a clone, and hands over what it brought
when it is done: first the packs, by a rename, then the commit. So fetches never wait for each
other, and a server that is killed at any step leaves packs that nobody counts on, at worst.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

_COMMIT = re.compile(r"[0-9a-f]{40,64}\Z")
_MOST_PACKS = 50
# Git looks for the others when it sees an index.
_PARTS = ("*.pack", "*.rev", "*.idx")
_LEAVING = "leaving-"
_USED = "used"


class BorrowedClone:
    """A clone in use by one fetch; without a folder none is kept. All methods block."""

    def __init__(self, folder: Path | None = None, lock: IO[bytes] | None = None) -> None:
        """``lock`` is a file whose lock keeps the clone from being removed."""
        self._folder, self._lock = folder, lock
        self.has_grown = False
        names = (path.name for path in _commits(folder)) if folder else ()
        self.commits = frozenset(name for name in names if _COMMIT.match(name))

    def lend(self, repository: Path) -> None:
        """Let git find the objects of the clone in a repository, and tell servers of them."""
        if not self._folder or not self.commits:
            return
        commits = sorted(self.commits)
        # Nothing before these commits was fetched.
        (repository / "shallow").write_text("".join(f"{commit}\n" for commit in commits))
        refs = "".join(f"{commit} refs/clace/kept/{commit}\n" for commit in commits)
        (repository / "packed-refs").write_text(f"# pack-refs with: sorted \n{refs}")
        (repository / "objects" / "info").mkdir(exist_ok=True)
        alternates = repository / "objects" / "info" / "alternates"
        alternates.write_text(f"{self._folder / 'objects'}\n")

    def keep(self, repository: Path, commit: str) -> None:
        """Keep a commit of a repository that borrowed from this clone."""
        if not self._folder or not self._lock or commit in self.commits:
            return
        packs = self._folder / "objects" / "pack"
        with suppress(OSError):  # it is as good as not kept
            if not _is_in(self._folder, self._lock):
                return
            for part in _PARTS:
                for file in (repository / "objects" / "pack").glob(part):
                    file.rename(packs / file.name)
            (self._folder / "commits" / commit).touch(mode=0o600)
            self.has_grown = True

    def forget(self) -> None:
        """Remove the clone: something in it is not as git wrote it."""
        if self._folder:
            _remove(self._folder)

    def close(self) -> None:
        """Give it back."""
        if self._lock:
            self._lock.close()


class GitClones:
    """Clones in a folder for nothing else; the least recently used go when all pass ``limit``.

    ``limit`` is in bytes, and 0 keeps none. All methods block, but never for another fetch.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder, limit

    def borrow(self, *key: str) -> BorrowedClone:
        """The clone of a repository as one login reaches it, which is not removed meanwhile."""
        if not self._limit:
            return BorrowedClone()
        folder = self._folder / sha256("\0".join(key).encode()).hexdigest()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / "objects" / "pack").mkdir(parents=True, exist_ok=True)
            (folder / "commits").mkdir(exist_ok=True)
            return BorrowedClone(folder, _held(folder, fcntl.LOCK_SH))
        except OSError:  # it is being removed, or cannot be kept here
            return BorrowedClone()

    def give_back(self, clone: BorrowedClone) -> None:
        """Close it, and make room for what it grew by."""
        clone.close()
        if clone.has_grown:
            self.tidy()

    def tidy(self) -> None:
        """Remove what was left by a server that was killed, and what is too much."""
        with suppress(OSError):
            for left in self._folder.glob(f"{_LEAVING}*"):
                shutil.rmtree(left, ignore_errors=True)
            room = self._limit
            for folder in _latest_first(self._folder.iterdir()):
                size = _size(folder)
                goes = size > room or _is_overgrown(folder)
                if not (goes and _is_removed(folder)):
                    room -= size


def _held(folder: Path, kind: int) -> IO[bytes]:
    """A file that holds a lock on a clone as long as it is open.

    :raises OSError: another has it, or the clone was removed.
    """
    file = (folder / _USED).open("ab")
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
        if not _is_in(folder, file):
            raise FileNotFoundError(folder)
        if kind == fcntl.LOCK_SH:
            os.utime(file.fileno())
    except OSError:
        file.close()
        raise
    return file


def _is_in(folder: Path, file: IO[bytes]) -> bool:
    """Return false if the clone was removed, and perhaps begun anew."""
    return os.fstat(file.fileno()).st_ino == (folder / _USED).stat().st_ino


def _is_removed(folder: Path) -> bool:
    """Remove a clone unless somebody uses it."""
    try:
        with _held(folder, fcntl.LOCK_EX):
            _remove(folder)
    except OSError:
        return False
    return True


def _remove(folder: Path) -> None:
    """Take it out of the way at once: whoever comes next begins anew."""
    leaving = folder.with_name(f"{_LEAVING}{uuid.uuid4().hex}")
    with suppress(FileNotFoundError):
        folder.rename(leaving)
    shutil.rmtree(leaving, ignore_errors=True)


def _commits(folder: Path) -> Iterable[Path]:
    return (folder / "commits").iterdir()


def _latest_first(folders: Iterable[Path]) -> list[Path]:
    used = {folder: _time_of_use(folder) for folder in folders}
    return sorted(used, key=lambda folder: used[folder], reverse=True)


def _time_of_use(folder: Path) -> int:
    try:
        return (folder / _USED).stat().st_mtime_ns
    except OSError:
        return 0


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _is_overgrown(folder: Path) -> bool:
    return sum(1 for _ in (folder / "objects" / "pack").glob("*.pack")) > _MOST_PACKS
