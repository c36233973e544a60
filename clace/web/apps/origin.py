"""Origins of requests that change something: only pages of the site itself."""

from __future__ import annotations

import re

from clace.errors import NotAllowed
from clace.model import host_name, host_port

SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""Methods that change nothing, whoever sends them."""
_ORIGIN = re.compile(r"(https?)://([^\s/?#@\\]+)", re.ASCII | re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


def check_origin(
    method: str, own_origin: str, *, origin: str | None, fetch_site: str | None
) -> None:
    """Browsers say where a request comes from; requests that say nothing are not from a browser.

    ``own_origin`` is the scheme, name and port that the request was sent to.

    :raises NotAllowed: if the method may change something and another origin sent the request.
    """
    if method.encode("latin-1") in SAFE:
        return
    if fetch_site:
        allowed = fetch_site in {"same-origin", "none"}
    else:
        allowed = not origin or _is_same(origin, own_origin)
    if not allowed:
        raise NotAllowed("Cross origin check failed - CSRF protection")


def _is_same(origin: str, own: str) -> bool:
    found = _parts(origin)
    return found is not None and found == _parts(own)


def _parts(origin: str) -> tuple[str, str, int | None] | None:
    """Scheme, name and port; the usual port of a scheme is the same as none."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        return None
    scheme, host = match[1].lower(), match[2]
    return scheme, host_name(host), host_port(host) or _PORTS[scheme]
