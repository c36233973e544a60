"""Folders that programs of others have filled: however deep they are, they are read and removed.

The standard library calls itself for each level, and has room for a thousand.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

_OPENING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def bytes_below(folder: Path) -> int:
    """Return the bytes of the files below a folder, but for those with paths too long to use."""
    found, waiting = 0, [os.fspath(folder)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    with suppress(FileNotFoundError):
                        found += entry.stat(follow_symlinks=False).st_size
    return found


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, also what is only read; links are not followed.

    :raises OSError: if some of it cannot be removed; the rest may be gone then.
    """
    with _opened(folder) as top:
        waiting = _emptied(top, top)
        while waiting:
            name = waiting.pop()
            with _opened(name, top) as descriptor:
                waiting += _emptied(descriptor, top)
            os.rmdir(name, dir_fd=top)
    folder.rmdir()


def _emptied(descriptor: int, top: int) -> list[str]:
    """Remove the files of a folder, and move its folders to ``top``; return their names there."""
    moved = []
    with os.scandir(descriptor) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            with suppress(PermissionError):
                _open_up(entry.name, descriptor)
            moved.append(token_hex(16))
            os.rename(entry.name, moved[-1], src_dir_fd=descriptor, dst_dir_fd=top)
        else:
            os.unlink(entry.name, dir_fd=descriptor)
    return moved


def _open_up(name: str, folder: int) -> None:
    """Let this user into a folder, if it is theirs; one that is closed to all can be opened only by
    its place, of which the path of the descriptor changes the mode.
    """
    with _opened(name, folder, os.O_PATH) as descriptor:
        Path(f"/proc/self/fd/{descriptor}").chmod(0o700)


@contextmanager
def _opened(folder: Path | str, top: int | None = None, more: int = 0) -> Iterator[int]:
    descriptor = os.open(folder, _OPENING | more, dir_fd=top)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
