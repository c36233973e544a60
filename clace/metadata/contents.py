"""File contents as they are stored: by their SHA-256, compressed where that helps."""

from __future__ import annotations

import hashlib

import brotli
from msgspec import Struct

from clace.encodings import BROTLI, encode
from clace.errors import SourceError, StoreError
from clace.model.app import FileRef

PLAIN = ""
_HELPS = 0.9


class Content(Struct, frozen=True):
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
            raise StoreError(f"the stored file {self.sha256} is damaged") from error
        if hashlib.sha256(whole).hexdigest() != self.sha256:
            raise StoreError(f"the stored file {self.sha256} is damaged")
        return whole


def checked(ref: FileRef, whole: bytes) -> bytes:
    """:raises SourceError: the bytes are not those of ``ref``."""
    if hashlib.sha256(whole).hexdigest() != ref.sha256:
        raise SourceError(f"file {ref.name} changed while it was read")
    return whole


def packed(ref: FileRef, whole: bytes) -> Content:
    """Takes up to a second for each 10 MB: not for the reactor's thread.

    :raises SourceError: the bytes are not those of ``ref``.
    """
    checked(ref, whole)
    small = encode(BROTLI, whole) if whole else whole
    if len(small) < _HELPS * len(whole):
        return Content(ref.sha256, len(whole), BROTLI, small)
    return Content(ref.sha256, len(whole), PLAIN, whole)
