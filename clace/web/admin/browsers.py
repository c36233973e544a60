"""Requests that a browser made, which the admin operations take on no listener."""

from __future__ import annotations

from twisted.web.http import Request

from clace.errors import NotAllowed

# Browsers add these themselves, and a page can overwrite some of them but remove none. Over plain
# HTTP a GET of a page's own origin carries no Origin, Sec-Fetch-* or Cookie, only the last two.
_MARKS = ("origin", "cookie", "referer", "accept-language")
_FETCH_METADATA = b"sec-fetch-"
# The types that a page of any site may send without asking first.
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})


def refuse_browsers(request: Request) -> None:
    """Refuse a request that a browser sent, or that a page could make it send.

    Apps share their origin with the admin API, and a browser adds a password that it remembers: to
    such a request no page of an app, and none of another site, may owe its success.

    :raises NotAllowed: if a header says so; it is named.
    """
    mark = _mark(request)
    if mark:
        raise NotAllowed(f"the admin API takes no requests of browsers, and this one has {mark}")


def _mark(request: Request) -> str:
    """The header that gives a browser away, or nothing."""
    headers = request.requestHeaders
    for raw, _ in headers.getAllRawHeaders():
        if raw.lower().startswith(_FETCH_METADATA):
            return raw.decode("ascii", "replace")
    for name in _MARKS:
        if headers.hasHeader(name):
            return name.title()
    for value in headers.getRawHeaders("content-type", ()):
        kind = value.partition(";")[0].strip().lower()
        if kind in _FORMS:
            return f"Content-Type {kind}; send application/json"
    return ""
