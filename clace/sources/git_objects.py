"""Reading what git prints about its objects."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from clace.errors import SourceError
from clace.sources.limits import Limits, Tally, checked_name, is_skipped, link_refused

_ENTRY = re.compile(rb"([0-7]{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)\Z", re.DOTALL)
_HEAD = re.compile(rb"([0-9a-f]{40,64}) (\w+) (\d+)\n")
_LINK = b"120000"


class Blob(Struct, frozen=True):
    """A file of a commit."""

    name: str
    id: str
    size: int


def blobs(listing: bytes, limits: Limits) -> list[Blob]:
    """The files that ``ls-tree -r -z -l`` lists, but those that are skipped, and submodules.

    :raises SourceError: there are links, or too much.
    """
    tally = Tally(limits)
    found = [_blob(entry) for entry in listing.split(b"\0") if entry]
    kept = [blob for blob in found if blob is not None]
    for blob in kept:
        tally.add(blob.name, blob.size)
    return kept


def _blob(entry: bytes) -> Blob | None:
    match = _ENTRY.match(entry)
    if match is None:
        raise SourceError("git listed files in a form that is not known")
    mode, kind, blob_id, size, raw = match.groups()
    name = checked_name(raw)
    parts = name.split("/")
    if kind != b"blob" or any(is_skipped(part) for part in parts):
        return None
    if mode == _LINK:
        raise link_refused(name)
    if any(part in {"", ".", ".."} for part in parts):
        raise SourceError(f"file {name} has a name that it may not have")
    return Blob(name, blob_id.decode(), int(size))


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
