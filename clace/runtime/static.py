"""Static files, answered in the daemon: cached by their hash, never asked of the app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from mimetypes import MimeTypes
from typing import NamedTuple
from urllib.parse import quote, urlencode

from clace.errors import NoSuchRoute
from clace.interfaces import IFiles
from clace.model.app import FileRef
from clace.model.hashing import split_hash
from clace.model.traffic import NO_ROUTE, AppRequest, AppResponse
from clace.runtime.bodies import LARGEST_PIECE
from clace.runtime.contents import Content, Contents, Part
from clace.runtime.options import AppOptions
from clace.runtime.packing import STATIC_ROOT

Headers = tuple[tuple[str, str], ...]
FOREVER = "public, max-age=31536000"
_SAFE = frozenset({"GET", "HEAD"})
_INDEXES = ("index.html", "index.htm")
_HIDDEN = re.compile(r"(^|/)\.|\.star$|^config_gen\.lock$")
_PACKED = (
    ("Content-Encoding", "br"),
    ("Vary", "Accept-Encoding"),
    ("X-Clace-Compressed", "true"),
)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")
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


class Choice(NamedTuple):
    """A file that answers a request, and whether its address says which content."""

    name: str
    ref: FileRef
    hashed: bool = False


class Moved(NamedTuple):
    """An address with a slash at its end, where what was asked for without one is."""

    path: str


def moved(app_path: str, to: Moved, request: AppRequest) -> AppResponse:
    """Send a browser there, with its method and query."""
    query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
    location = quote(app_path.rstrip("/") + to.path, safe="/:@!$&'()*+,;=~") + query
    return AppResponse(status=307, headers=(("Location", location),))


def choose(files: IFiles, path: str, options: AppOptions | None) -> Choice | Moved | None:
    """The file for a path, or nothing if the app's host has to answer.

    :raises NoSuchRoute: if only a file could be the answer, and it is missing.
    """
    if path.startswith("/static/"):
        return _below_static(files, path.removeprefix("/"))
    name = STATIC_ROOT + path.removeprefix("/")
    if name in files.refs:
        return Choice(name, files.refs[name])
    if options is None or not options.static_only:
        return None
    found = _whole_source(files, path.removeprefix("/"), options)
    if found is None and not options.has_routes:
        raise NoSuchRoute(NO_ROUTE)
    return found


def lacking(files: IFiles, options: AppOptions) -> Iterator[str]:
    """Return what is missing for the site to be served."""
    if not options.static_only:
        return
    if options.index and options.index not in files.refs:
        yield f"index {options.index} is no file of the source"
    elif not options.has_routes and _whole_source(files, "", options) is None:
        yield "the site has no index.html, so that there is nothing at its address"


def _below_static(files: IFiles, name: str) -> Choice:
    if name in files.refs:
        return Choice(name, files.refs[name])
    plain, sha256 = split_hash(name)
    ref = files.refs.get(plain)
    if ref is None or not sha256 or ref.sha256 != sha256:
        raise NoSuchRoute(NO_ROUTE)
    return Choice(plain, ref, hashed=True)


def _whole_source(files: IFiles, name: str, options: AppOptions) -> Choice | Moved | None:
    if not name or name.endswith("/"):
        candidates = [options.index] if options.index and not name else []
        candidates += [name + index for index in _INDEXES]
    else:
        candidates = [] if options.single_file else [name]
    for candidate in candidates:
        if candidate in files.refs and not _HIDDEN.search(candidate):
            return Choice(candidate, files.refs[candidate])
    below = f"{name}/"
    if candidates == [name] and isinstance(_whole_source(files, below, options), Choice):
        return Moved(f"/{below}")
    return None


def refused_method(method: str) -> AppResponse | None:
    """The answer to a method that no file takes."""
    if method in _SAFE:
        return None
    return AppResponse(status=405, headers=(("Allow", "GET, HEAD"),))


async def serve(files: IFiles, choice: Choice, request: AppRequest, kept: Contents) -> AppResponse:
    """The file, or the part of it that is asked for; a HEAD is answered like a GET."""
    refused = refused_method(request.method)
    if refused is not None:
        return refused
    headers, etag = _headers(choice), f'"{choice.ref.sha256}"'
    if _knows(request, etag):
        return AppResponse(status=304, headers=headers)
    wanted = _RANGE.match(_first(request, "Range"))
    if wanted is None and _takes_brotli(request):
        packed = await kept.brotli(files, choice.name)
        if packed is not None:
            return _sent(packed, 0, len(packed.data), headers=(*headers, *_PACKED))
    content = await kept.plain(files, choice.name)
    if wanted is not None and _first(request, "If-Range") in {"", etag}:
        return _part(content, wanted, headers)
    return _sent(content, 0, len(content.data), headers=headers)


def _sent(
    content: Content, start: int, end: int, *, headers: Headers, status: int = 200
) -> AppResponse:
    """Bytes of the content: a copy if they are few, else pieces that share it."""
    if end - start <= LARGEST_PIECE:
        return AppResponse(status=status, headers=headers, body=content.data[start:end])
    length = ("Content-Length", str(end - start))
    part = Part(content, start, end, LARGEST_PIECE)
    return AppResponse(status=status, headers=(*headers, length), body=part)


def _headers(choice: Choice) -> Headers:
    return (
        ("Content-Type", content_type(choice.name)),
        ("Cache-Control", FOREVER if choice.hashed else "no-cache"),
        ("ETag", f'"{choice.ref.sha256}"'),
        ("Accept-Ranges", "bytes"),
    )


def content_type(name: str) -> str:
    """By the name alone; text is UTF-8."""
    kind, encoding = _TYPES.guess_type(name)
    if kind is None or encoding is not None:
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _first(request: AppRequest, header: str) -> str:
    return request.headers.get(header, [""])[0]


def _knows(request: AppRequest, etag: str) -> bool:
    listed = ",".join(request.headers.get("If-None-Match", ())).split(",")
    return any(one.strip().removeprefix("W/") in {etag, "*"} for one in listed)


def _takes_brotli(request: AppRequest) -> bool:
    for one in ",".join(request.headers.get("Accept-Encoding", ())).split(","):
        name, _, quality = one.replace(" ", "").partition(";")
        if name == "br":
            return quality not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _part(content: Content, wanted: re.Match[str], headers: Headers) -> AppResponse:
    """One range; several in one request are answered with the whole, as HTTP allows."""
    size = len(content.data)
    first, last = wanted.groups()
    if not first:
        start, end = max(0, size - int(last or 0)), size - 1
    else:
        start, end = int(first), min(int(last or size), size - 1)
    if start > end or start >= size:
        return AppResponse(status=416, headers=(("Content-Range", f"bytes */{size}"),))
    span = ("Content-Range", f"bytes {start}-{end}/{size}")
    return _sent(content, start, end + 1, headers=(*headers, span), status=206)
