"""Whether a request that changes something was sent by a page of its own site."""

from __future__ import annotations

import re

from clace.errors import NotAllowed

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ORIGIN = re.compile(r"https?://([^\s/?#@\\]+)", re.ASCII | re.IGNORECASE)


def check_origin(method: str, host: str, *, origin: str | None, fetch_site: str | None) -> None:
    """Browsers say where a request comes from; requests that say nothing are not from a browser.

    :raises NotAllowed: the method may change something and another origin sent the request.
    """
    if method in _SAFE:
        return
    if fetch_site:
        allowed = fetch_site in {"same-origin", "none"}
    else:
        allowed = not origin or _host_of(origin) == host.lower()
    if not allowed:
        raise NotAllowed("Cross origin check failed - CSRF protection")


def _host_of(origin: str) -> str | None:
    match = _ORIGIN.fullmatch(origin)
    return match and match[1].lower()
