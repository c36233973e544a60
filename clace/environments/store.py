"""The folder of built environments: found by key, complete or not there, removed when unused."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

_COMPLETE = "complete"
GIVEN, MADE = "given", "made"
_LARGEST = 32_000_000


class EnvironmentStore:
    """Environments below ``root``; its methods block, ``built_keys`` and ``withdraw`` briefly."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cache = root / "cache"
        self.built = root / "built"
        self._work = root / "work"
        self.is_open = False

    def open(self) -> None:
        """Make the folders, and remove what an earlier server did not finish."""
        for folder in (self.root, self.cache, self.built, self._work):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._work.iterdir():
            remove(left)
        for folder in self.built.iterdir():
            if not self.has(folder.name):
                remove(folder)
        self.is_open = True

    def folder(self, key: str) -> Path:
        return self.built / key / "env"

    def has(self, key: str) -> bool:
        """Tell an environment that was built to its end."""
        return (self.built / key / _COMPLETE).is_file()

    def begin(self, key: str) -> Path:
        """Return the folder of an environment that is about to be built, emptied."""
        remove(self.built / key)
        for folder in (self.built / key, self.folder(key)):
            folder.mkdir()
            folder.chmod(0o755)
        return self.folder(key)

    def finish(self, key: str, lock: str) -> None:
        """Make an environment the server's own, which nobody writes any more, and complete."""
        _own(self.folder(key))
        write_new(self.built / key / _COMPLETE, lock)

    def drop(self, key: str) -> None:
        remove(self.built / key)

    def withdraw(self, key: str) -> Path:
        """Take an environment out of the store at once; its folder is returned, to be removed."""
        return self.put_aside(self.built / key)

    def put_aside(self, folder: Path) -> Path:
        """Take a folder out of its place; where it is then is returned, to be removed."""
        left = Path(mkdtemp(dir=self._work))
        folder.rename(left)
        return left

    def built_keys(self) -> list[str]:
        return [folder.name for folder in self.built.iterdir()] if self.built.is_dir() else []

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """A folder for the time of a build, with ``given`` in it for what the server writes, and
        ``made`` for what the build does.
        """
        folder = Path(mkdtemp(dir=self._work))
        folder.chmod(0o755)
        try:
            for name in (GIVEN, MADE):
                (folder / name).mkdir()
                (folder / name).chmod(0o755)
            yield folder
        finally:
            remove(folder)


def store_below(home: Path) -> EnvironmentStore:
    """The environments of a server in ``home``."""
    return EnvironmentStore(home / "environments")


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet; a link in its place is not followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o644), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)


def read_made(path: Path) -> str:
    """Read a file that a build has made.

    :raises OSError: if it is a link, no file, or larger than such files are.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            raise OSError(errno.EINVAL, "is no file that a build makes", str(path))
        return file.read().decode("utf-8", "replace")


def _own(top: Path) -> None:
    """Give a tree to the server's user, without the bits that lend a user's rights; all others may
    read it, whatever the server's own mask: its apps run as other users.
    """
    user, group = os.geteuid(), os.getegid()
    for folder, folders, files in os.walk(top):
        for name in (".", *folders, *files):
            path = os.path.join(folder, name)  # noqa: PTH118 - a hundred thousand of them
            status = os.lstat(path)
            if status.st_uid != user:
                os.chown(path, user, group, follow_symlinks=False)
            if not stat.S_ISLNK(status.st_mode):
                mode = 0o755 if status.st_mode & 0o100 else 0o644
                with suppress(OSError):
                    os.chmod(path, mode)  # noqa: PTH101
