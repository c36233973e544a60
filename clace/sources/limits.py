"""Limits of a source, and the files in it that are not the app's."""

from __future__ import annotations

from msgspec import Struct

from clace.errors import SourceError
from clace.units import MEBIBYTE


class SourceLimits(Struct, frozen=True, kw_only=True):
    """Sizes are in bytes; ``held`` is what is kept in memory of a folder that was copied."""

    files: int = 20_000
    file: int = 64 * MEBIBYTE
    total: int = 256 * MEBIBYTE
    depth: int = 64
    held: int = 16 * MEBIBYTE


class SourceTally:
    """Counts the files of a source and their bytes, up to its limits."""

    def __init__(self, limits: SourceLimits) -> None:
        self._limits = limits
        self._file = 0
        self.files = self.total = 0

    def add(self, name: str, size: int) -> None:
        """:raises SourceError: if this file is too large, or there are too many."""
        self.files += 1
        self._file = 0
        self.more(name, size)

    def more(self, name: str, size: int) -> None:
        """Count bytes that go on with the file that was added last.

        :raises SourceError: if it is too large now, or there are too many.
        """
        self._file += size
        self.total += size
        if self._file > self._limits.file:
            raise SourceError(f"file {name} is over the limit of {self._limits.file} bytes")
        if self.files > self._limits.files:
            raise SourceError(f"the source has more than {self._limits.files} files")
        if self.total > self._limits.total:
            raise SourceError(f"the source has more than {self._limits.total} bytes")


def checked_name(name: str | bytes) -> str:
    """:raises SourceError: the name is not UTF-8."""
    raw = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    try:
        return raw.decode()
    except UnicodeDecodeError:
        shown = raw.decode("utf-8", "backslashreplace")
        raise SourceError(f"the name of file {shown} is not UTF-8") from None


def link_refused(name: str) -> SourceError:
    return SourceError(f"{name} is a symbolic link, which a source may not have")


def submodule_refused(name: str) -> SourceError:
    return SourceError(
        f"{name} is a submodule, which is not fetched; commit its files, or use another folder"
    )


def lfs_refused(name: str) -> SourceError:
    return SourceError(
        f"{name} is kept in Git LFS, which is not fetched; commit the file itself, or leave it out"
    )


def link_left_out(name: str) -> str:
    """The warning of a link that nothing can come of."""
    return f"{name} is a symbolic link to nothing, it was left out"
