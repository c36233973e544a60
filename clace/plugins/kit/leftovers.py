"""Temporary files that a killed server left in a folder, and who may remove them."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path


def occupied(folder: str, prefixes: tuple[str, ...]) -> int:
    """A descriptor that says, as long as it is open, that a server uses the folder.

    If no other server does, what has such a prefix is nobody's any more and is removed first.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # Where there are no locks, as on some network file systems, nothing is removed.
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder, prefixes)
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _remove(folder: str, prefixes: tuple[str, ...]) -> None:
    for entry in os.scandir(folder):
        if not entry.name.startswith(prefixes):
            continue
        if entry.is_file(follow_symlinks=False):
            Path(entry.path).unlink(missing_ok=True)
        elif entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
