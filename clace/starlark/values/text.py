"""Strings as Go has them, sequences of bytes, in Python's ``str``.

A byte that is not valid UTF-8 is a lone surrogate (PEP 383), so text needs no conversion and all
ASCII text, which ``isascii`` tells at once, has equal byte and character indexes. Two halves of a
character that come together must become that character: see ``joined``.
"""

from __future__ import annotations

import re

_ESCAPED = re.compile("[\udc80-\udcff]")
REPLACEMENT = "\ufffd"


def to_bytes(text: str) -> bytes:
    """The bytes of a string."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    """The string of these bytes."""
    return data.decode("utf-8", "surrogateescape")


def joined(text: str) -> str:
    """The string, with halves of characters put together."""
    return text if text.isascii() or not _ESCAPED.search(text) else from_bytes(to_bytes(text))


def is_escaped(character: str) -> bool:
    """Return true if this stands for a byte that is not valid UTF-8."""
    return "\udc80" <= character <= "\udcff"


def replaced(text: str) -> str:
    """The string with U+FFFD for each byte that is not valid UTF-8."""
    return text if text.isascii() else _ESCAPED.sub(REPLACEMENT, text)
