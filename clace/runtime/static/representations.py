"""Answers with static files: in the best encoding that the client takes, whole or in part.

All but the bytes is made once for each file, and the bytes are kept: most answers wait for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from mimetypes import MimeTypes

from msgspec import Struct

from clace.encodings import IDENTITY
from clace.interfaces import IFiles
from clace.model import AppRequest, AppResponse, ClientWishes
from clace.runtime.hosts import LARGEST_PIECE
from clace.runtime.sent import SharedBytes
from clace.runtime.static.contents import ContentCache
from clace.runtime.static.serving import StaticChoice

Headers = tuple[tuple[str, str], ...]
FOREVER = "public, max-age=31536000"
_SAFE = frozenset({"GET", "HEAD"})
_COMPRESSED = ("X-Clace-Compressed", "true")
_VARY = ("Vary", "Accept-Encoding")
# Only the tables that come with Python, so that the machine's own make no difference.
_TYPES = MimeTypes()
for _kind, _suffix in {
    "application/manifest+json": ".webmanifest",
    "application/wasm": ".wasm",
    "font/ttf": ".ttf",
    "font/woff": ".woff",
    "font/woff2": ".woff2",
    "image/avif": ".avif",
    "image/webp": ".webp",
    "text/javascript": ".js",
    "text/markdown": ".md",
}.items():
    _TYPES.add_type(_kind, _suffix)


class Representation(Struct, frozen=True):
    """A file in one encoding: its tag, its headers, and the answer to a client that has it."""

    encoding: str
    etag: str
    headers: Headers
    unchanged: AppResponse


def refused_method(method: str) -> AppResponse | None:
    """The answer to a method that no file takes."""
    if method in _SAFE:
        return None
    return AppResponse(status=405, headers=(("Allow", "GET, HEAD"),))


async def serve(
    files: IFiles, choice: StaticChoice, request: AppRequest, kept: ContentCache
) -> AppResponse:
    """The file, or the part of it that is asked for; a HEAD is answered like a GET.

    :raises SourceError: if the file cannot be read.
    """
    wishes = ClientWishes.of(request.headers)
    found = at_once(files, choice, request.method, wishes, kept)
    if found is not None:
        return found
    form = _selected(_forms_of(files, choice), request.method, wishes)
    content = await kept.read(files, choice.name, form.encoding)
    return _answer(form, content, request.method, wishes)


def at_once(
    files: IFiles, choice: StaticChoice, method: str, wishes: ClientWishes, kept: ContentCache
) -> AppResponse | None:
    """The answer, unless the file has to be read for it."""
    refused = refused_method(method)
    if refused is not None:
        return refused
    form = _selected(_forms_of(files, choice), method, wishes)
    if wishes.knows(form.etag):
        return form.unchanged
    content = kept.at_hand(choice.ref.sha256, form.encoding)
    return None if content is None else _answer(form, content, method, wishes)


def _forms_of(files: IFiles, choice: StaticChoice) -> Mapping[str, Representation]:
    return _forms(choice, files.encodings(choice.name))


@lru_cache(maxsize=4096)
def _forms(choice: StaticChoice, encodings: tuple[str, ...]) -> Mapping[str, Representation]:
    return {encoding: _form(choice, encoding, encodings) for encoding in (IDENTITY, *encodings)}


def _form(choice: StaticChoice, encoding: str, encodings: tuple[str, ...]) -> Representation:
    """Every form says that there are others; each has a tag of its own (RFC 9110, 8.8.3.3)."""
    coded = encoding != IDENTITY
    etag = f'"{choice.ref.sha256}-{encoding}"' if coded else f'"{choice.ref.sha256}"'
    headers = (
        ("Content-Type", content_type(choice.name)),
        ("Cache-Control", FOREVER if choice.hashed else "no-cache"),
        ("ETag", etag),
        ("Accept-Ranges", "bytes"),
        *([_VARY] if encodings else []),
        *([("Content-Encoding", encoding), _COMPRESSED] if coded else []),
    )
    return Representation(encoding, etag, headers, AppResponse(status=304, headers=headers))


def _selected(
    forms: Mapping[str, Representation], method: str, wishes: ClientWishes
) -> Representation:
    """The form to send: a part is of the file itself, or of the form that it is to complete."""
    accepted = wishes.encodings if len(forms) > 1 else ()
    if wishes.range and method == "GET":
        if not wishes.if_range:
            return forms[IDENTITY]
        for encoding in (IDENTITY, *accepted):
            if encoding in forms and forms[encoding].etag == wishes.if_range:
                return forms[encoding]
    for encoding in accepted:
        if encoding in forms:
            return forms[encoding]
    return forms[IDENTITY]


def _answer(
    form: Representation, content: SharedBytes, method: str, wishes: ClientWishes
) -> AppResponse:
    size = content.size
    if not wishes.range or method != "GET" or wishes.if_range not in {"", form.etag}:
        return _sent(content, 0, size, headers=form.headers)
    try:
        part = wishes.part(size)
    except ValueError:
        return AppResponse(status=416, headers=(("Content-Range", f"bytes */{size}"),))
    if part is None:
        return _sent(content, 0, size, headers=form.headers)
    span = ("Content-Range", f"bytes {part.start}-{part.stop - 1}/{size}")
    return _sent(content, part.start, part.stop, headers=(*form.headers, span), status=206)


def _sent(
    content: SharedBytes, start: int, end: int, *, headers: Headers, status: int = 200
) -> AppResponse:
    body = content.sent(start, end, LARGEST_PIECE)
    if not isinstance(body, bytes):
        headers = (*headers, ("Content-Length", str(end - start)))
    return AppResponse(status=status, headers=headers, body=body)


def content_type(name: str) -> str:
    """By the name alone; text is UTF-8."""
    kind, encoding = _TYPES.guess_type(name)
    if kind is None or encoding is not None:
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
