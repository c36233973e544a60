"""Patterns of the configuration and of permissions, for whole texts: RE2, in linear time."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

# RE2 has the syntax that era 25 writes them in. With the standard library a value made for the
# purpose, which an app or a visitor may choose, could stop the daemon.
import re2  # type: ignore[import-untyped]

PREFIX = "regex:"
"""Begins a text that is a pattern where others are literal."""


def is_whole(pattern: str, text: str) -> bool:
    """Return true if the pattern matches the whole text; a malformed one matches nothing."""
    compiled, _ = _compiled(pattern)
    if compiled is None:
        return False
    try:
        return compiled.fullmatch(text) is not None
    except UnicodeEncodeError:  # a lone surrogate is no text that RE2 takes
        return False


def fault_in(pattern: str) -> str:
    """Say why a pattern is malformed; empty for a sound one."""
    return _compiled(pattern)[1]


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[Any, str]:
    """The pattern and an empty text, or nothing and why it is malformed."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options), ""
    except UnicodeEncodeError:
        return None, "it is not UTF-8"
    except re2.error as error:
        return None, error.args[0].decode("utf-8", "replace")
