"""Which files ``fs.in`` may look at: decided by what was opened, not by how it was named."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from clace.model.app import Permission
from clace.plugins.definition import CallFailed
from clace.plugins.patterns import PREFIX, matches

_PATH = re.compile(r"(regex:\^?(\((\?:)?)*)?/")


@frozen
class Access:
    """What this call's permissions name, and the folders open to those that name nothing.

    A permission names files if its first argument is a path, or a pattern for paths that begins
    with a slash. A literal path is good for whatever it leads to, as its operator wrote it; a
    pattern must match the path without symbolic links and dots too. What is in a ``closed`` folder
    only a literal path opens, or a root that is in there itself.
    """

    roots: tuple[str, ...]
    named: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, roots: Sequence[str], grants: Iterable[Permission], closed: tuple[str, ...] = ()
    ) -> Access:
        first = ["".join(grant.arguments[:1]) for grant in grants]
        named = tuple(filter(_names_paths, first))
        if first and len(named) == len(first):
            return cls((), named, closed)
        return cls(tuple(map(os.path.realpath, roots)), named, closed)

    def allows(self, given: str, real: str) -> bool:
        """Whether ``given`` may be looked at, which without symbolic links is ``real``."""
        if given in self.named and not given.startswith(PREFIX):
            return True
        around = [folder for folder in self.closed if _is_in(real, folder)]
        if any(_is_in(real, root) and _is_below(root, around) for root in self.roots):
            return True
        patterns = (expected for expected in self.named if expected.startswith(PREFIX))
        return not around and any(matches(pattern, real) for pattern in patterns)

    def check(self, given: str, real: str) -> None:
        """:raises CallFailed: it may not be looked at."""
        if not self.allows(given, real):
            raise CallFailed(f"file access denied for {given}")

    @contextmanager
    def opened(self, given: str, flags: int) -> Iterator[int]:
        """A descriptor of what is at ``given``, opened for real only when that is allowed.

        :raises CallFailed: it may not be looked at, or cannot be.
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


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return all(path != folder and _is_in(path, folder) for folder in folders)


def _names_paths(expected: str) -> bool:
    return _PATH.match(expected) is not None
