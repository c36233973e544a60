"""What a server leaves in a folder of temporary files when it is killed, and who may remove it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def occupied(folder: str, prefix: str) -> int:
    """A descriptor that says, as long as it is open, that a server uses the folder.

    If no other server does, files with this prefix are nobody's any more and are removed first.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # Where there are no locks, as on some network file systems, nothing is removed.
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder, prefix)
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _remove(folder: str, prefix: str) -> None:
    for entry in os.scandir(folder):
        if entry.name.startswith(prefix) and entry.is_file(follow_symlinks=False):
            Path(entry.path).unlink(missing_ok=True)
