"""Limits on answers of other servers, and the error that says they make no sense."""

from __future__ import annotations

MAX_HEAD = 64 * 1024
MAX_HEADERS = 200
MAX_INTERIM = 20
FREE_FRAMING = 64 * 1024
MOST_FRAMING = 16
"""Bytes of framing for each of content, beyond the free ones."""


class BadAnswer(Exception):
    """An answer that cannot be read in exactly one way, or that is not whole."""
