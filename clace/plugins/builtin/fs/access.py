"""Access of ``fs.in`` to files: decided by what was opened, not by how it was named."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from clace.model import Permission
from clace.patterns import PREFIX
from clace.plugins.gate import matches
from clace.plugins.kit import CallFailed

_PATH = re.compile(r"(regex:\^?(\((\?:)?)*)?/")
# What of a pattern stands for itself, dots escaped or not, and whether a name ends there.
_SPELLED = re.compile(
    rf"{PREFIX}\^?(?P<text>(?:[\w/ -]|\\\W|\.(?![*+?{{]))*)(?P<end>\$?\Z|\((?:\?:)?/)?"
)


@frozen
class FolderAccess:
    """Paths that a call's permissions name, and the folders open to those that name nothing.

    A permission names files if its first argument is a path, or a pattern for paths that begins
    with a slash. A literal path is good for whatever it leads to, as its operator wrote it; a
    pattern must match the path without symbolic links and dots too. What is in a ``closed`` folder
    only a literal path opens, or a root or a pattern's folder that is spelled out to be in there.
    """

    roots: tuple[str, ...]
    named: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, roots: Sequence[str], grants: Iterable[Permission], closed: tuple[str, ...] = ()
    ) -> FolderAccess:
        first = ["".join(grant.arguments[:1]) for grant in grants]
        named = tuple(filter(_names_paths, first))
        if first and len(named) == len(first):
            return cls((), named, closed)
        return cls(tuple(map(os.path.realpath, roots)), named, closed)

    def allows(self, given: str, real: str) -> bool:
        """Return true if ``given``, without symbolic links ``real``, may be looked at."""
        if given in self.named and not given.startswith(PREFIX):
            return True
        around = [folder for folder in self.closed if _is_in(real, folder)]
        if any(_reaches(root, real, around) for root in self.roots):
            return True
        patterns = [expected for expected in self.named if expected.startswith(PREFIX)]
        if around:
            patterns = [one for one in patterns if _reaches(_spelled(one), real, around)]
        return any(matches(pattern, real) for pattern in patterns)

    def check(self, given: str, real: str) -> None:
        """:raises CallFailed: if it may not be looked at."""
        if not self.allows(given, real):
            raise CallFailed(f"file access denied for {given}")

    @contextmanager
    def opened(self, given: str, flags: int) -> Iterator[int]:
        """A descriptor of what is at ``given``, opened for real only when that is allowed.

        :raises CallFailed: if it may not be looked at, or cannot be.
        """
        try:
            # O_PATH touches nothing: no device is woken, no pipe waits for a writer.
            handle = os.open(given, os.O_PATH | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            self.check(given, unlinked(given))
            raise failed("open", given, error) from error
        try:
            link = f"/proc/self/fd/{handle}"
            self.check(given, str(Path(link).readlink()))
            descriptor = _reopened(given, link, flags)
        finally:
            os.close(handle)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def failed(act: str, path: str, error: Exception) -> CallFailed:
    """The failure that an app is told about, with the path it gave."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return CallFailed(f"{act} {path}: {reason.lower()}")


def _reopened(given: str, link: str, flags: int) -> int:
    try:
        return os.open(link, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
    except OSError as error:
        raise failed("open", given, error) from error


def unlinked(path: str) -> str:
    """The path without symbolic links; one with a NUL leads nowhere and stays as it is."""
    try:
        return os.path.realpath(path)
    except ValueError:
        return path


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _reaches(folder: str, path: str, closed: Iterable[str]) -> bool:
    """Return true if the path is in the folder, and the folder inside each closed one."""
    inside = all(folder != one and _is_in(folder, one) for one in closed)
    return inside and _is_in(path, folder)


def _spelled(pattern: str) -> str:
    """The folder that a pattern spells out before it leaves anything open."""
    found = _SPELLED.match(pattern)
    text = found["text"].replace("\\", "") if found else ""
    return text if found and found["end"] is not None else text.rpartition("/")[0]


def names_path(permission: Permission) -> bool:
    """Return true if the first argument of a permission is the path, or a pattern of paths."""
    return _names_paths("".join(permission.arguments[:1]))


def _names_paths(expected: str) -> bool:
    return _PATH.match(expected) is not None
