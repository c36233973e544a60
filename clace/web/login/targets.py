"""Places that a browser is sent to after a sign-in or sign-out: on the same host only."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

FRONT = "/"
LONGEST = 2000
# No other origin, no backslash that browsers read as a slash, no space or control characters.
_PATH = re.compile(r"/(?!/)[!#-\[\]-~]*")
_DOTS = frozenset({".", ".."})


def local_path(target: str | None) -> str:
    """The path and query if they can only mean a page of the same host, or its front page.

    Pages of the server's own do not count: a sign-in that leads to a sign-out would be a trap. Nor
    do parts like ``..``, which browsers resolve to another path.
    """
    if not target or len(target) > LONGEST or not _PATH.fullmatch(target):
        return FRONT
    path = unquote(re.split(r"[?#]", target[1:], maxsplit=1)[0]).lower()
    is_odd = path.startswith(("_clace", "/")) or not _DOTS.isdisjoint(path.split("/"))
    return FRONT if is_odd else target


def path_of_url(url: str | None, origin: str) -> str | None:
    """The path and query of a URL of this origin; None for any other."""
    if not url or len(url) > LONGEST:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if f"{parts.scheme}://{parts.netloc}".lower() != origin.lower():
        return None
    return local_path((parts.path or FRONT) + (f"?{parts.query}" if parts.query else ""))
