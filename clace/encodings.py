"""Encodings of files on their way to browsers: brotli, zstd and gzip."""

from __future__ import annotations

import sys
import zlib
from typing import Any, BinaryIO

import brotli

from clace.errors import SourceError
from clace.units import MEBIBYTE

BROTLI, ZSTD, GZIP = "br", "zstd", "gzip"
IDENTITY = "identity"
"""A file as it is."""
ENCODINGS = (BROTLI, ZSTD, GZIP)
"""The best first: brotli makes text smallest."""
_LARGE = MEBIBYTE
_SAMPLE = 8192
_LEAST_WINDOW, _MOST_WINDOW = 10, 22
# Needs a window of 4 MB to read; browsers have 8 MB (RFC 9659).
_ZSTD_LEVEL = 12
_WITH_GZIP_HEAD = 31


class Unencoded:
    """Files of which nothing but their own bytes is kept."""

    def encodings(self, _name: str) -> tuple[str, ...]:
        return ()

    async def read_encoded(self, name: str, encoding: str) -> bytes:
        raise SourceError(f"file {name} is not kept as {encoding}")

    async def copy(self, name: str, encoding: str, file: BinaryIO) -> None:
        if encoding != IDENTITY:
            await self.read_encoded(name, encoding)
        file.write(await self.read(name))

    async def read(self, name: str) -> bytes:
        raise NotImplementedError


def encode(encoding: str, whole: bytes) -> bytes:
    """The whole in one of ``ENCODINGS``; takes up to a second for each 10 MB."""
    if encoding == BROTLI:
        return _brotli(whole)
    if encoding == ZSTD:
        return _zstd(whole)
    assert encoding == GZIP
    level = 9 if len(whole) <= _LARGE else 6
    return zlib.compress(whole, level, _WITH_GZIP_HEAD)


def _brotli(whole: bytes) -> bytes:
    # With the usual window a file of a few kilobytes takes sixty times as long.
    window = min(max(len(whole).bit_length(), _LEAST_WINDOW), _MOST_WINDOW)
    small: bytes = brotli.compress(whole, quality=_quality(whole), lgwin=window)
    return small


def _quality(whole: bytes) -> int:
    """The best that is quick enough; bytes that are not text are often compressed already."""
    if b"\0" in whole[:_SAMPLE]:
        return 1
    return 9 if len(whole) <= _LARGE else 5


def _zstd(whole: bytes) -> bytes:
    return zstd_module().compress(whole, _ZSTD_LEVEL)  # type: ignore[no-any-return]


def zstd_module() -> Any:
    """Return the module of zstd; few servers have a client that takes it and not brotli."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd
