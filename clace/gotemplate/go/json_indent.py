"""Compact JSON spread over lines, as Go's ``json.MarshalIndent``."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.faults import CallFault

MAX_TEXT: Final = 16_000_000
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\[\]|\{\}|[\[\]{},:]|[^"\[\]{},:]+')


def indented(text: str) -> str:
    """The text with two spaces for each level; it must be compact JSON."""
    out: list[str] = []
    depth = spaces = 0
    for part in _TOKEN.findall(text):
        spaces += 2 * depth
        if spaces > MAX_TEXT:
            raise CallFault("value is too long to indent")
        if part in ("[", "{"):
            depth += 1
            out.append(part + "\n" + "  " * depth)
        elif part in ("]", "}"):
            depth -= 1
            out.append("\n" + "  " * depth + part)
        elif part == ",":
            out.append(",\n" + "  " * depth)
        else:
            out.append(": " if part == ":" else part)
    return "".join(out)
