"""The content type that a client wants for an answer of the server's own."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from twisted.web.http import Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

_LONGEST = 1000
_KEPT = 256


class MediaType(StrEnum):
    """The content types of our own answers."""

    TEXT = "text/plain"
    HTML = "text/html"
    JSON = "application/json"


def preferred(request: Request, default: MediaType = MediaType.TEXT) -> MediaType:
    """The type that the client likes best, or ``default`` if it likes that as much.

    Browsers that navigate get a page. HTMX, which sends an ``Accept`` of its own, gets text.
    """
    if request.getHeader("hx-request"):
        return default
    return best(request.getHeader("accept") or "", default)


def best(accept: str, default: MediaType) -> MediaType:
    """The type that an ``Accept`` header likes best."""
    return default if len(accept) > _LONGEST else _best(accept, default)


@lru_cache(maxsize=_KEPT)
def _best(accept: str, default: MediaType) -> MediaType:
    offered = sorted(MediaType, key=lambda media: media is not default)
    return MediaType(parse_accept_header(accept, MIMEAccept).best_match(offered, default))
