"""The folder of built environments: found by key, complete or not there, removed when unused."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

_COMPLETE = "complete"


class EnvironmentStore:
    """Environments below ``root``; all its methods block."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cache = root / "cache"
        self.built = root / "built"
        self._work = root / "work"

    def open(self) -> None:
        """Make the folders, and remove what an earlier server did not finish."""
        for folder in (self.root, self.cache, self.built, self._work):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._work.iterdir():
            _remove(left)
        for folder in self.built.iterdir():
            if not self.has(folder.name):
                _remove(folder)

    def folder(self, key: str) -> Path:
        return self.built / key / "env"

    def has(self, key: str) -> bool:
        """Tell an environment that was built to its end."""
        return (self.built / key / _COMPLETE).is_file()

    def begin(self, key: str) -> Path:
        """Return the folder of an environment that is about to be built, emptied."""
        _remove(self.built / key)
        (self.built / key).mkdir(mode=0o700)
        return self.folder(key)

    def finish(self, key: str, lock: str) -> None:
        """Make an environment the server's own, which nobody writes any more, and complete."""
        _own(self.built / key)
        (self.built / key / _COMPLETE).write_text(lock, "utf-8")

    def drop(self, key: str) -> None:
        _remove(self.built / key)

    def built_keys(self) -> list[str]:
        return [folder.name for folder in self.built.iterdir()] if self.built.is_dir() else []

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """A folder for the time of a build."""
        folder = Path(mkdtemp(dir=self._work))
        try:
            yield folder
        finally:
            _remove(folder)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


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
