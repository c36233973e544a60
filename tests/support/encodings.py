"""Files in encodings, and answers as browsers decode them."""

from __future__ import annotations

import gzip
import sys

import brotli

from clace.encodings import ENCODINGS, IDENTITY, encode
from tests.support.apps import DictFiles

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


class Packed(DictFiles):
    """Files that are kept in every encoding."""

    def encodings(self, name):
        return ENCODINGS

    async def read_encoded(self, name, encoding):
        return encode(encoding, self.contents[name])

    async def copy(self, name, encoding, file):
        whole = self.contents[name]
        file.write(whole if encoding == IDENTITY else encode(encoding, whole))
