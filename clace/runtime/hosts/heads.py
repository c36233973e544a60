"""The statuses and headers that an app's host may answer with."""

from __future__ import annotations

from functools import lru_cache

from clace.frames import BadFrame
from clace.wire import MAX_HEADER, AnswerHead

_STATUSES = range(200, 600)
# About this answer, or for the scripts of its own page. Every other header is refused: those that
# frame the answer, those that browsers keep for the whole domain (cookies, HSTS, reports), those
# that proxies in front of the server obey (X-Accel-Redirect), and those not invented yet.
_ALLOWED = frozenset(
    {
        "allow",
        "cache-control",
        "content-disposition",
        "content-language",
        "content-type",
        "etag",
        "expires",
        "hx-location",
        "hx-push-url",
        "hx-redirect",
        "hx-refresh",
        "hx-replace-url",
        "hx-reselect",
        "hx-reswap",
        "hx-retarget",
        "hx-trigger",
        "hx-trigger-after-settle",
        "hx-trigger-after-swap",
        "last-modified",
        "location",
        "retry-after",
        "vary",
    }
)
_REPEATED = frozenset({"vary"})
# Most answers have headers that came before. Remembered ones take a few megabytes at most.
_REMEMBERED, _FEW = 64, 8

Headers = tuple[tuple[str, str], ...]


def check_head(head: AnswerHead) -> None:
    """:raises BadFrame: if no honest host sends this status or one of these headers."""
    if head.status not in _STATUSES:
        raise BadFrame(f"a status of {head.status}")
    (_check if len(head.headers) <= _FEW else _check.__wrapped__)(head.headers)


@lru_cache(maxsize=_REMEMBERED)
def _check(headers: Headers) -> None:
    seen: set[str] = set()
    for name, value in headers:
        lower = name.lower()
        if lower not in _ALLOWED:
            raise BadFrame(f"the header {name[:200]!r} is not for an app to send")
        if lower in seen and lower not in _REPEATED:
            raise BadFrame(f"a second header {name}")
        if len(value) > MAX_HEADER or not value.isprintable():
            raise BadFrame(f"the header {name} is too long or has a character that is not allowed")
        seen.add(lower)
