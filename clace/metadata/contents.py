"""File contents as they are stored: by their SHA-256, compressed where that helps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from os import SEEK_END
from tempfile import SpooledTemporaryFile

import brotli
from msgspec import Struct
from msgspec.structs import replace

from clace.encodings import BROTLI, encode
from clace.errors import SourceError, StoreError
from clace.model import FileRef
from clace.units import MEBIBYTE

PLAIN = ""
_HELPS = 0.9
_PIECE = 1 << 18
# Of the contents of one commit, which can be those of a large site.
_IN_MEMORY = 8 * MEBIBYTE


HANDFUL_BYTES = 256 * 1024
"""The most of small contents that are held at a time to be worked on together."""
_HANDFUL_FILES = 100


class StoredContent(Struct, frozen=True):
    """The bytes of a file, maybe compressed; ``size`` is that of the file."""

    sha256: str
    size: int
    compression: str
    content: bytes

    def plain(self) -> bytes:
        """:raises StoreError: what is stored is not what was put in."""
        try:
            whole = self.content if self.compression == PLAIN else brotli.decompress(self.content)
        except brotli.error as error:
            raise _damaged(self.sha256) from error
        if hashlib.sha256(whole).hexdigest() != self.sha256:
            raise _damaged(self.sha256)
        return whole


def plain_pieces(sha256: str, compression: str, stored: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a file whose content is ``stored``, in pieces none of which is large.

    :raises StoreError: at the end, if they are not what was put in.
    """
    digest = hashlib.sha256()
    try:
        for piece in stored if compression == PLAIN else _decompressed(stored):
            digest.update(piece)
            yield piece
    except brotli.error as error:
        raise _damaged(sha256) from error
    if digest.hexdigest() != sha256:
        raise _damaged(sha256)


def _decompressed(stored: Iterable[bytes]) -> Iterator[bytes]:
    decompressor = brotli.Decompressor()
    for piece in stored:
        yield decompressor.process(piece, output_buffer_limit=_PIECE)
        while not decompressor.can_accept_more_data():
            yield decompressor.process(b"", output_buffer_limit=_PIECE)
    # That it would take more does not mean that all is out.
    while rest := decompressor.process(b"", output_buffer_limit=_PIECE):
        yield rest


def _damaged(sha256: str) -> StoreError:
    return StoreError(f"the stored file {sha256} is damaged")


def checked(ref: FileRef, whole: bytes) -> bytes:
    """:raises SourceError: the bytes are not those of ``ref``."""
    if hashlib.sha256(whole).hexdigest() != ref.sha256:
        raise SourceError(f"file {ref.name} changed while it was read")
    return whole


def packed(ref: FileRef, whole: bytes) -> StoredContent:
    """Takes up to a second for each 10 MB: not for the reactor's thread.

    :raises SourceError: the bytes are not those of ``ref``.
    """
    checked(ref, whole)
    small = encode(BROTLI, whole) if whole else whole
    if len(small) < _HELPS * len(whole):
        return StoredContent(ref.sha256, len(whole), BROTLI, small)
    return StoredContent(ref.sha256, len(whole), PLAIN, whole)


class Handful:
    """Some files with their contents, which are given to a thread at once."""

    def __init__(self) -> None:
        self.files: list[tuple[FileRef, bytes]] = []
        self._size = 0

    def add(self, ref: FileRef, whole: bytes) -> None:
        self.files.append((ref, whole))
        self._size += len(whole)

    @property
    def is_full(self) -> bool:
        return self._size >= HANDFUL_BYTES or len(self.files) >= _HANDFUL_FILES


class FreshContents(Mapping[str, StoredContent]):
    """Contents that are about to be stored, in a file if they are too much for the memory."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - as long as this object
        self._places: dict[str, tuple[StoredContent, int, int]] = {}

    def pack(self, handful: Handful) -> None:
        """Add the contents of files; see ``packed``."""
        for ref, whole in handful.files:
            one = packed(ref, whole)
            at = self._file.seek(0, SEEK_END)
            self._file.write(one.content)
            self._places[one.sha256] = (replace(one, content=b""), at, len(one.content))

    def __getitem__(self, sha256: str) -> StoredContent:
        one, at, size = self._places[sha256]
        self._file.seek(at)
        return replace(one, content=self._file.read(size))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
