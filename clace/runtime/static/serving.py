"""Static files: which of them answers a request, never asked of the app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, urlencode

from clace.errors import NoSuchRoute
from clace.interfaces import IFiles
from clace.model import NO_ROUTE, AppRequest, AppResponse, FileRef, split_hash
from clace.runtime.options import AppOptions
from clace.runtime.packing import STATIC_ROOT

_INDEXES = ("index.html", "index.htm")
_HIDDEN = re.compile(r"(^|/)\.|\.star$|^config_gen\.lock$")


class StaticChoice(NamedTuple):
    """A file that answers a request, and whether its address says which content."""

    name: str
    ref: FileRef
    hashed: bool = False


class MovedFolder(NamedTuple):
    """An address with a slash at its end, where what was asked for without one is."""

    path: str


def moved(app_path: str, to: MovedFolder, request: AppRequest) -> AppResponse:
    """Send a browser there, with its method and query."""
    query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
    location = quote(app_path.rstrip("/") + to.path, safe="/:@!$&'()*+,;=~") + query
    return AppResponse(status=307, headers=(("Location", location),))


def choose(
    files: IFiles, path: str, options: AppOptions | None
) -> StaticChoice | MovedFolder | None:
    """The file for a path, or nothing if the app's host has to answer.

    :raises NoSuchRoute: if only a file could be the answer, and it is missing.
    """
    if path.startswith("/static/"):
        return _below_static(files, path.removeprefix("/"))
    name = STATIC_ROOT + path.removeprefix("/")
    if name in files.refs:
        return StaticChoice(name, files.refs[name])
    if options is None or not options.static_only:
        return None
    found = _whole_source(files, path.removeprefix("/"), options)
    if found is None and not options.has_routes:
        raise NoSuchRoute(NO_ROUTE)
    return found


def needs_slash(choice: StaticChoice | MovedFolder | None, options: AppOptions | None) -> bool:
    """Tell an app whose own address is redirected to the one with a slash: links lead on there."""
    if options is None:
        return False
    is_folder = options.static_only and not options.single_file
    return options.redirect_bare_path or (is_folder and isinstance(choice, StaticChoice))


def lacking(files: IFiles, options: AppOptions) -> Iterator[str]:
    """Return what is missing for the site to be served."""
    if not options.static_only:
        return
    if options.index and options.index not in files.refs:
        yield f"index {options.index} is no file of the source"
    elif not options.has_routes and _whole_source(files, "", options) is None:
        yield "the site has no index.html, so that there is nothing at its address"


def _below_static(files: IFiles, name: str) -> StaticChoice:
    if name in files.refs:
        return StaticChoice(name, files.refs[name])
    plain, sha256 = split_hash(name)
    ref = files.refs.get(plain)
    if ref is None or not sha256 or ref.sha256 != sha256:
        raise NoSuchRoute(NO_ROUTE)
    return StaticChoice(plain, ref, hashed=True)


def _whole_source(
    files: IFiles, name: str, options: AppOptions
) -> StaticChoice | MovedFolder | None:
    if not name or name.endswith("/"):
        candidates = [options.index] if options.index and not name else []
        candidates += [name + index for index in _INDEXES]
    else:
        candidates = [] if options.single_file else [name]
    for candidate in candidates:
        if candidate in files.refs and not _HIDDEN.search(candidate):
            return StaticChoice(candidate, files.refs[candidate])
    below = f"{name}/"
    if candidates == [name] and isinstance(_whole_source(files, below, options), StaticChoice):
        return MovedFolder(f"/{below}")
    return None
