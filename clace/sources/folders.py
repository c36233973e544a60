"""Reading below a folder and never beside it: no link is followed, no special file opened."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from clace.errors import SourceError
from clace.locations import is_not_the_apps
from clace.sources.limits import SourceLimits, checked_name, link_refused

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe opened without O_NONBLOCK would wait for its other end.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderEntry(Struct, frozen=True):
    """An entry that is not a folder: its name below the top, and where it is now."""

    name: str
    part: str
    folder: int
    status: os.stat_result


@contextmanager
def _opened(path: str, flags: int, name: str, folder: int | None = None) -> Iterator[int]:
    try:
        descriptor = os.open(path, flags, dir_fd=folder)
    except (OSError, ValueError) as error:
        raise _refusal(name, error) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _refusal(name: str, error: OSError | ValueError) -> SourceError:
    match getattr(error, "errno", errno.ENOENT):
        case errno.ENOENT | errno.ENOTDIR:
            return SourceError(f"file {name} does not exist")
        case errno.ELOOP:
            return link_refused(name)
    return SourceError(f"cannot read {name}: {getattr(error, 'strerror', error)}")


@contextmanager
def opened_top(path: str) -> Iterator[int]:
    """A descriptor of the folder, which may itself be behind a link.

    :raises SourceError: if it is missing, or may not be read.
    """
    if not os.path.lexists(path):
        raise SourceError(f"path does not exist {path}")
    if not os.path.isdir(path):  # noqa: PTH112 - one call, no object
        raise SourceError(f"path is not a folder {path}")
    with _opened(path, _FOLDER, path) as folder:
        yield folder


@contextmanager
def opened_source(path: str, limits: SourceLimits) -> Iterator[Iterator[FolderEntry]]:
    """All entries of a folder, or the only one of a source that is a file.

    :raises SourceError: if it is missing, or may not be read.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - one call, no object
        with opened_top(path) as top:
            yield entries(top, limits)
        return
    folder, name = os.path.split(path)
    with _opened(folder, _FOLDER, path) as top:
        status = _status(name, top, name)
        found = [] if status is None else [FolderEntry(checked_name(name), name, top, status)]
        yield iter(found)


def entries(folder: int, limits: SourceLimits, prefix: str = "") -> Iterator[FolderEntry]:
    """All that is below and not skipped, in the order of names; links as they are.

    :raises SourceError: a name is not UTF-8, or it is too deep or too much.
    """
    if prefix.count("/") > limits.depth:
        raise SourceError(f"the source has more than {limits.depth} folders in each other")
    for part in _parts(folder, prefix):
        name = checked_name(prefix + part)
        status = _status(part, folder, name)
        if status is None:
            continue
        if stat.S_ISDIR(status.st_mode):
            with _opened(part, _FOLDER | os.O_NOFOLLOW, name, folder) as below:
                yield from entries(below, limits, f"{name}/")
        else:
            yield FolderEntry(name, part, folder, status)


def _parts(folder: int, prefix: str) -> list[str]:
    try:
        return sorted(part for part in os.listdir(folder) if not is_not_the_apps(part))
    except OSError as error:
        raise _refusal(prefix or ".", error) from error


def _status(part: str, folder: int, name: str) -> os.stat_result | None:
    """None if it has gone since it was listed."""
    try:
        return os.stat(part, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refusal(name, error) from error


@contextmanager
def opened_member(path: str, name: str) -> Iterator[int]:
    """A descriptor of a file of the source at ``path``, by its name in the source.

    :raises SourceError: if the file is missing, or not one that a source may have.
    """
    folder, only = os.path.split(path) if os.path.isfile(path) else (path, name)  # noqa: PTH113
    if only != name:
        raise SourceError(f"file {name} does not exist")
    with opened_top(folder) as top, opened_file(top, name) as descriptor:
        yield descriptor


@contextmanager
def opened_file(folder: int, name: str) -> Iterator[int]:
    """A descriptor of a file by its name below the folder.

    :raises SourceError: if the file is missing, or not one that a source may have.
    """
    if any(part in {"", ".", ".."} or is_not_the_apps(part) for part in name.split("/")):
        raise SourceError(f"file {name} does not exist")
    with _opened_below(folder, name, name) as descriptor:
        yield descriptor


@contextmanager
def _opened_below(folder: int, path: str, name: str) -> Iterator[int]:
    first, _, rest = path.partition("/")
    flags = _FOLDER | os.O_NOFOLLOW if rest else _FILE
    with _opened(first, flags, name, folder) as descriptor:
        if not rest:
            yield descriptor
            return
        with _opened_below(descriptor, rest, name) as below:
            yield below


def content(descriptor: int, name: str, limits: SourceLimits) -> bytes:
    """The whole file.

    :raises SourceError: it is a folder, a device or the like, or too large.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{name} is not a file")
    # A buffer is made of as many bytes as are asked for, and the limit is a large one.
    expected = min(status.st_size, limits.file) + 1
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        try:
            whole = file.read(expected)
            if len(whole) == expected:
                whole += file.read(limits.file + 1 - expected)
        except OSError as error:
            raise _refusal(name, error) from error
    if len(whole) > limits.file:
        raise SourceError(f"file {name} is over the limit of {limits.file} bytes")
    return whole


def content_of(path: str, name: str, limits: SourceLimits) -> bytes:
    """A file below the folder at a path, or the file at the path itself, whole.

    :raises SourceError: if it is missing, or not one that a source may have.
    """
    with opened_member(path, name) as descriptor:
        return content(descriptor, name, limits)
