"""Scripts and a stylesheet that the server ships for apps, whose own files win."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files as resources
from types import MappingProxyType
from typing import BinaryIO, cast

from zope.interface import implementer

from clace.assets import HTMX_ERRORS, STYLESHEET, asset
from clace.encodings import ENCODINGS, IDENTITY, encode
from clace.interfaces import IFiles
from clace.model import FileRef
from clace.threads import InThread

_SHIPPED = {
    "static/gen/lib/htmx.min.js": "htmx-2.0.4.min.js",
    "static/gen/lib/sse.js": "htmx-ext-sse-2.2.2.js",
}
_OURS = {"static/gen/lib/htmx-errors.js": HTMX_ERRORS, "static/gen/lib/clace.css": STYLESHEET}


@cache
def _shipped() -> dict[str, tuple[FileRef, bytes]]:
    folder = resources("clace.runtime") / "assets"
    bodies = {name: (folder / file).read_bytes() for name, file in _SHIPPED.items()}
    bodies |= {name: asset(file) for name, file in _OURS.items()}
    return {
        name: (FileRef(name, sha256(body).hexdigest(), len(body)), body)
        for name, body in bodies.items()
    }


@implementer(IFiles)
class WithAssets:
    """An app's files and those of the shipped scripts that it does not have itself."""

    def __init__(
        self, files: IFiles, in_thread: InThread, refs: Mapping[str, FileRef] | None = None
    ) -> None:
        """``refs`` are those of ``files``, if they have been read already."""
        refs = files.refs if refs is None else refs
        self._files = files
        self._in_thread = in_thread
        self._ours = {name: found for name, found in _shipped().items() if name not in refs}
        shipped = {name: ref for name, (ref, _body) in self._ours.items()}
        self.refs: Mapping[str, FileRef] = _together(refs, shipped)

    async def read(self, name: str) -> bytes:
        if name in self._ours:
            return self._ours[name][1]
        return await self._files.read(name)

    def encodings(self, name: str) -> tuple[str, ...]:
        return ENCODINGS if name in self._ours else self._files.encodings(name)

    async def read_encoded(self, name: str, encoding: str) -> bytes:
        if name in self._ours:
            return await self._in_thread(partial(encode, encoding, self._ours[name][1]))
        return await self._files.read_encoded(name, encoding)

    async def copy(self, name: str, encoding: str, file: BinaryIO) -> None:
        if name not in self._ours:
            await self._files.copy(name, encoding, file)
        elif encoding == IDENTITY:
            file.write(self._ours[name][1])
        else:
            file.write(await self.read_encoded(name, encoding))


def _together(refs: Mapping[str, FileRef], more: dict[str, FileRef]) -> Mapping[str, FileRef]:
    """Both; those of a site on the disk are not copied, for they are not all listed."""
    if isinstance(refs, dict | MappingProxyType):
        return {**refs, **more}
    return ChainMap(more, cast("dict[str, FileRef]", refs))
