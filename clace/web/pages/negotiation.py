"""The content type that a client wants for an answer of the server's own."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Protocol

_LONGEST = 1000
_KEPT = 256


class NegotiatingRequest(Protocol):
    """A request, as far as it says what it wants."""

    def getHeader(self, name: str, /) -> str | None: ...


class MediaType(StrEnum):
    """The content types of our own answers."""

    TEXT = "text/plain"
    HTML = "text/html"
    JSON = "application/json"


def preferred(request: NegotiatingRequest, default: MediaType = MediaType.TEXT) -> MediaType:
    """The type that the client likes best, or ``default`` if it likes that as much.

    Browsers that navigate get a page. HTMX, which sends an ``Accept`` of its own, gets text.
    """
    if request.getHeader("hx-request"):
        return default
    return best(request.getHeader("accept") or "", default)


def best(accept: str, default: MediaType) -> MediaType:
    """The type that an ``Accept`` header likes best."""
    return _best(accept, default) if 0 < len(accept) <= _LONGEST else default


@lru_cache(maxsize=_KEPT)
def _best(accept: str, default: MediaType) -> MediaType:
    from werkzeug.datastructures import MIMEAccept  # noqa: PLC0415 - all of werkzeug comes along
    from werkzeug.http import parse_accept_header  # noqa: PLC0415

    offered = sorted(MediaType, key=lambda media: media is not default)
    return MediaType(parse_accept_header(accept, MIMEAccept).best_match(offered, default))
