"""Files that the server's own pages and the frame of apps have in common."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

STYLESHEET = "clace.css"
FAVICON = "favicon.ico"
HTMX_ERRORS = "htmx-errors.js"


@cache
def asset(name: str) -> bytes:
    """The content of one of our files."""
    return (files("clace.assets") / name).read_bytes()
