"""Letter case and white space, character by character as Go's ``unicode`` has them."""

from __future__ import annotations

import re
from typing import Final

_SPACES: Final = frozenset(
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_BAD: Final = re.compile("[\ud800-\udfff]")
"""Bytes that are no UTF-8: mapping a string's characters replaces them."""
_SPACE_TEXT: Final = "".join(sorted(_SPACES))


def is_space(char: str) -> bool:
    """Go's ``unicode.IsSpace``."""
    return char in _SPACES


def trim_space(text: str) -> str:
    return text.strip(_SPACE_TEXT)


def _each(text: str, change: str) -> str:
    out = []
    for char in text:
        changed = char.upper() if change == "upper" else char.lower()
        out.append(changed if len(changed) == 1 else _SINGLE.get((char, change), char))
    return _BAD.sub("\ufffd", "".join(out))


_SINGLE: Final = {("\u0130", "lower"): "i"} | {
    (chr(code), "upper"): chr(code).title()
    for code in range(0x1F80, 0x1FFD)
    if len(chr(code).title()) == 1
}


def upper(text: str) -> str:
    """Go's ``strings.ToUpper``: no character ever becomes two."""
    return text.upper() if text.isascii() else _each(text, "upper")


def lower(text: str) -> str:
    """Go's ``strings.ToLower``."""
    return text.lower() if text.isascii() else _each(text, "lower")


def _separates(char: str) -> bool:
    if char < "\x80":
        return not (char.isalnum() or char == "_")
    return is_space(char)


def title_each(text: str) -> str:
    """Go's ``strings.Title``: the first letter of each word in title case."""
    out, before = [], " "
    for char in text:
        titled = char.title() if _separates(before) else char
        out.append(titled if len(titled) == 1 else char)
        before = char
    return _BAD.sub("\ufffd", "".join(out))
