"""Bytes of static files, kept by their hash so that all apps and versions share them."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256

from clace.interfaces import IFiles

_MEGABYTE = 1 << 20


class Contents:
    """A cache of at most ``limit_mb``, of files that are not a large part of it."""

    def __init__(self, limit_mb: int = 64) -> None:
        self._limit = limit_mb * _MEGABYTE
        self._held = 0
        self._kept: OrderedDict[tuple[str, str], bytes | None] = OrderedDict()

    async def plain(self, files: IFiles, name: str) -> bytes:
        """:raises SourceError: the file cannot be read."""
        key = (files.refs[name].sha256, "")
        if key in self._kept:
            kept = self._seen(key)
            assert kept is not None
            return kept
        body = await files.read(name)
        if sha256(body).hexdigest() == key[0]:  # a dev's file may have changed meanwhile
            self._keep(key, body)
        return body

    async def brotli(self, files: IFiles, name: str) -> bytes | None:
        """The bytes as stored compressed, if they are."""
        key = (files.refs[name].sha256, "br")
        if key in self._kept:
            return self._seen(key)
        body = await files.read_brotli(name)
        self._keep(key, body)
        return body

    def _seen(self, key: tuple[str, str]) -> bytes | None:
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, key: tuple[str, str], body: bytes | None) -> None:
        size = len(body or b"")
        if size > self._limit // 8 or key in self._kept:
            return
        self._kept[key] = body
        self._held += size
        while self._held > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._held -= len(dropped or b"")
