"""Reading what git prints about its objects."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from clace.errors import SourceError
from clace.locations import is_not_the_apps
from clace.sources.limits import SourceLimits, SourceTally, checked_name, link_refused

_ENTRY = re.compile(rb"([0-7]{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)\Z", re.DOTALL)
_HEAD = re.compile(rb"([0-9a-f]{40,64}) (\w+) (\d+)\n")
_LINK = b"120000"


class GitBlob(Struct, frozen=True):
    """A file of a commit."""

    name: str
    id: str
    size: int
    is_link: bool = False


def blobs(listing: bytes, limits: SourceLimits) -> list[GitBlob]:
    """The files and links that ``ls-tree -r -z -l`` lists, but those that are skipped, and
    submodules.

    :raises SourceError: there is too much.
    """
    tally = SourceTally(limits)
    found = [_blob(entry) for entry in listing.split(b"\0") if entry]
    kept = [blob for blob in found if blob is not None]
    for blob in kept:
        tally.add(blob.name, blob.size)
    return kept


def _blob(entry: bytes) -> GitBlob | None:
    match = _ENTRY.match(entry)
    if match is None:
        raise SourceError("git listed files in a form that is not known")
    mode, kind, blob_id, size, raw = match.groups()
    name = checked_name(raw)
    parts = name.split("/")
    if kind != b"blob" or any(is_not_the_apps(part) for part in parts):
        return None
    if any(part in {"", ".", ".."} for part in parts):
        raise SourceError(f"file {name} has a name that it may not have")
    return GitBlob(name, blob_id.decode(), int(size), mode == _LINK)


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
