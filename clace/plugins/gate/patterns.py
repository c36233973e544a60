"""The texts of a permission: literal, or after ``regex:`` a pattern for the whole value."""

from __future__ import annotations

from clace.patterns import PREFIX, fault_in, is_whole

MAX_SUBJECT = 64 * 1024


def matches(expected: str, value: str) -> bool:
    """Return true if the whole of ``value`` matches a permission's pattern.

    A value too long to look at never matches, nor does an invalid pattern.
    """
    if not expected.startswith(PREFIX):
        return expected == value
    return len(value) <= MAX_SUBJECT and is_whole(expected[len(PREFIX) :], value)


def malformed(expected: str) -> str:
    """Say what is wrong with a permission's pattern; empty for a sound or a literal one."""
    return fault_in(expected[len(PREFIX) :]) if expected.startswith(PREFIX) else ""
