"""Answers as browsers decode them."""

from __future__ import annotations

import gzip
import sys

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_DECODE = {
    "br": brotli.decompress,
    "zstd": zstd.decompress,
    "gzip": gzip.decompress,
    "": bytes,
}


def decoded(encoding: str, content: bytes) -> bytes:
    return _DECODE[encoding](content)
