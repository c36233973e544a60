"""Reading what git prints about its objects."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from clace.errors import SourceError
from clace.locations import is_not_the_apps
from clace.sources.limits import (
    SourceLimits,
    SourceTally,
    checked_name,
    lfs_refused,
    link_refused,
    submodule_refused,
)

_ENTRY = re.compile(rb"([0-7]{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)\Z", re.DOTALL)
_HEAD = re.compile(rb"([0-9a-f]{40,64}) (\w+) (\d+)\n")
_LINK = b"120000"
# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: the version is the first line.
_LFS_POINTER = re.compile(
    rb"version https://(git-lfs|hawser)\.github\.com/spec/v1\n.*^oid ", re.DOTALL | re.MULTILINE
)
_MOST_OF_A_POINTER = 1024


class GitBlob(Struct, frozen=True):
    """A file of a commit, or a link; a submodule has no size."""

    name: str
    id: str
    size: int
    is_link: bool = False
    is_submodule: bool = False


def blobs(listing: bytes) -> list[GitBlob]:
    """Return what ``ls-tree -r -z -l`` lists, but what is skipped.

    :raises SourceError: something has a name that it may not have.
    """
    found = (_blob(entry) for entry in listing.split(b"\0") if entry)
    return [blob for blob in found if blob is not None]


def _blob(entry: bytes) -> GitBlob | None:
    match = _ENTRY.match(entry)
    if match is None:
        raise SourceError("git listed files in a form that is not known")
    mode, kind, blob_id, size, raw = match.groups()
    name = checked_name(raw)
    parts = name.split("/")
    if any(is_not_the_apps(part) for part in parts):
        return None
    if any(part in {"", ".", ".."} for part in parts):
        raise SourceError(f"file {name} has a name that it may not have")
    is_submodule = kind != b"blob"
    bytes_of_it = 0 if is_submodule or size == b"-" else int(size)
    return GitBlob(name, blob_id.decode(), bytes_of_it, mode == _LINK, is_submodule)


def checked(found: list[GitBlob], limits: SourceLimits) -> list[GitBlob]:
    """The same.

    :raises SourceError: it is too much, or one is a submodule.
    """
    tally = SourceTally(limits)
    for blob in found:
        if blob.is_submodule:
            raise submodule_refused(blob.name)
        tally.add(blob.name, blob.size)
    return found


def check_contents(files: Mapping[str, bytes]) -> None:
    """:raises SourceError: one is only a pointer to a file that Git LFS keeps elsewhere."""
    for name, content in files.items():
        if len(content) < _MOST_OF_A_POINTER and _LFS_POINTER.match(content):
            raise lfs_refused(name)


def dangling(links: Mapping[str, bytes], files: Collection[str]) -> tuple[str, ...]:
    """The links, all of which lead to nothing in the source; ``links`` have their targets.

    :raises SourceError: one leads to a file or a folder, or out of the source.
    """
    places = {*files, *(parent for name in files for parent in _parents(name)), "."}
    for name, target in links.items():
        led = posixpath.normpath(posixpath.join(posixpath.dirname(name), os.fsdecode(target)))
        if led.startswith(("/", "../")) or led == ".." or led in places:
            raise link_refused(name)
    return tuple(links)


def _parents(name: str) -> Iterator[str]:
    while name := posixpath.dirname(name):
        yield name


def contents(printed: bytes) -> Iterator[bytes]:
    """The objects that ``cat-file --batch`` printed, in the order they were asked for.

    :raises SourceError: one was missing.
    """
    place = 0
    while place < len(printed):
        head = _HEAD.match(printed, place)
        if head is None:
            raise SourceError("git printed files in a form that is not known")
        end = head.end() + int(head[3])
        yield printed[head.end() : end]
        place = end + 1


def message(commit: bytes) -> str:
    """The message of a commit object."""
    return commit.partition(b"\n\n")[2].decode(errors="replace").strip()
