"""Scripts and a stylesheet that the server ships for apps, whose own files win."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files as resources

import brotli
from zope.interface import implementer

from clace.assets import HTMX_ERRORS, STYLESHEET, asset
from clace.interfaces import IFiles
from clace.model.app import FileRef

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

    def __init__(self, files: IFiles, refs: Mapping[str, FileRef] | None = None) -> None:
        """``refs`` are those of ``files``, if they have been read already."""
        refs = files.refs if refs is None else refs
        self._files = files
        self._ours = {name: found for name, found in _shipped().items() if name not in refs}
        self.refs: Mapping[str, FileRef] = {
            **refs,
            **{name: ref for name, (ref, _body) in self._ours.items()},
        }

    async def read(self, name: str) -> bytes:
        if name in self._ours:
            return self._ours[name][1]
        return await self._files.read(name)

    async def read_brotli(self, name: str) -> bytes | None:
        if name in self._ours:
            return brotli.compress(self._ours[name][1])  # type: ignore[no-any-return]
        return await self._files.read_brotli(name)
