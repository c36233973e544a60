"""Compact JSON spread over lines, as Go's ``json.MarshalIndent``."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\[\]|\{\}|[\[\]{},:]|[^"\[\]{},:]+')


def indented(text: str) -> str:
    """The text with two spaces for each level; it must be compact JSON."""
    out: list[str] = []
    depth = 0
    for part in _TOKEN.findall(text):
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
