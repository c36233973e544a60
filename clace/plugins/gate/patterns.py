"""The texts of a permission: literal, or after ``regex:`` an RE2 pattern for the whole value."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

# RE2 has the syntax that era-25 permissions are written in, and matches in linear time: with the
# standard library an app could stop the daemon with a value made for its own approved pattern.
import re2  # type: ignore[import-untyped]

PREFIX = "regex:"
MAX_SUBJECT = 64 * 1024


def matches(expected: str, value: str) -> bool:
    """Return true if the whole of ``value`` matches a permission's pattern.

    A value too long to look at never matches, nor does an invalid pattern.
    """
    if not expected.startswith(PREFIX):
        return expected == value
    pattern, _ = _compiled(expected[len(PREFIX) :])
    if pattern is None or len(value) > MAX_SUBJECT:
        return False
    try:
        return pattern.fullmatch(value) is not None
    except UnicodeEncodeError:  # a lone surrogate is no text that RE2 takes
        return False


def malformed(expected: str) -> str:
    """Say what is wrong with a permission's pattern; empty for a sound or a literal one."""
    if not expected.startswith(PREFIX):
        return ""
    return _compiled(expected[len(PREFIX) :])[1]


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
