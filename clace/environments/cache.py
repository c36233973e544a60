"""The packages that uv has downloaded, kept between builds as far as there is room."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from clace.environments.store import EnvironmentStore, store_below
from clace.units import MEBIBYTE

_ARCHIVES = "archive-v*"


class PackageCache:
    """Packages in a folder of uv's; those that were unpacked first go when it passes ``limit_mb``.

    All methods block. No build may run meanwhile: uv fetches again what is not there, but not what
    goes while it looks at it.
    """

    def __init__(self, store: EnvironmentStore, limit_mb: int) -> None:
        self._store = store
        self._limit = limit_mb * MEBIBYTE

    def withdraw_excess(self) -> list[Path]:
        """Take out what is too much; return its folders, which are to be removed."""
        cache = self._store.cache
        packages = [(folder, own_bytes(folder)) for folder in _oldest_first(cache)]
        rest = own_bytes(cache, without={folder for folder, _ in packages})
        excess = rest + sum(size for _, size in packages) - self._limit
        withdrawn: list[Path] = []
        if rest > self._limit:
            withdrawn.append(self._store.put_aside(cache))
            cache.mkdir(mode=0o700)
            return withdrawn
        for folder, size in packages:
            if excess <= 0:
                break
            if size:
                withdrawn.append(self._store.put_aside(folder))
                excess -= size
        return withdrawn


def cache_fact(home: Path, limit_mb: int) -> tuple[str, str, str]:
    """Tell the size of the cache of a server in ``home``: a name, what is so, and why it is not
    known. Blocks.
    """
    cache = store_below(home).cache
    try:
        size = own_bytes(cache) // MEBIBYTE if cache.exists() else 0
    except OSError as error:
        return "package_cache", "", f"cannot read {cache}: {error.strerror}"
    told = f"{size} MB of packages in {cache}, at most {limit_mb} ([python] cache_mb)"
    return "package_cache", told, ""


def _oldest_first(cache: Path) -> list[Path]:
    """The packages of a cache, each a folder; links are left out."""
    found: list[tuple[int, Path]] = []
    for archives in cache.glob(_ARCHIVES):
        if archives.is_symlink():
            continue
        with suppress(FileNotFoundError), os.scandir(archives) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    continue
                with suppress(FileNotFoundError):  # taken out since it was listed
                    status = entry.stat(follow_symlinks=False)
                    found.append((status.st_mtime_ns, Path(entry.path)))
    return [path for _, path in sorted(found)]


def own_bytes(top: Path, without: Collection[Path] = ()) -> int:
    """The size of the files below a folder that are nowhere else: environments may share them.
    The folders of ``without`` do not count.
    """
    files = _files(top, frozenset(map(os.fspath, without)))
    return sum(status.st_size for status in files if status.st_nlink == 1)


def _files(top: Path, without: frozenset[str]) -> Iterator[os.stat_result]:
    waiting = [os.fspath(top)]
    while waiting:
        with suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.path not in without:
                        waiting.append(entry.path)
                else:
                    with suppress(FileNotFoundError):
                        yield entry.stat(follow_symlinks=False)
