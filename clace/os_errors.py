"""Failures of the system, in the words that it has for them."""

from __future__ import annotations


def os_reason(error: Exception) -> str:
    """Return ``/x: Permission denied`` for what Python shows as ``[Errno 13] Permission denied:
    '/x'``; other errors keep their words.
    """
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
