"""Cookies that pass through: those of the server's own sessions never do."""

from __future__ import annotations

from clace import cookies


def visitors_cookies(header: bytes) -> bytes:
    """A ``Cookie`` header without the cookies of the server; empty if nothing is left."""
    return cookies.others(header.decode("latin-1")).encode("latin-1")


def apps_cookie(header: bytes, prefix: bytes, *, stripped: bool) -> bytes | None:
    """A ``Set-Cookie`` header of an app at ``prefix`` (empty at the root); ``None`` if it would
    set a cookie of the server's.

    It is for this host alone and for paths of the app alone: ``stripped`` if the app does not know
    of its prefix, so that it has to be put before the path that the app says.
    """
    first, *attributes = header.split(b";")
    if cookies.is_ours(cookies.name_of(first.decode("latin-1"))):
        return None
    kept = [first]
    for attribute in attributes:
        name, _, value = attribute.partition(b"=")
        lower = name.strip().lower()
        if lower == b"domain":
            continue
        if lower == b"path" and prefix:
            kept.append(b" Path=%b" % _path(value.strip(), prefix, stripped=stripped))
        else:
            kept.append(attribute)
    return b";".join(kept)


def _path(path: bytes, prefix: bytes, *, stripped: bool) -> bytes:
    if path == prefix or path.startswith(prefix + b"/"):
        return path
    if not stripped or not path.startswith(b"/") or path == b"/":
        return prefix
    return prefix + path
