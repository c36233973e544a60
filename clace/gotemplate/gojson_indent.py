"""Compact JSON spread over lines, as Go's ``json.MarshalIndent``."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\[\]|\{\}|[\[\]{},:]|[^"\[\]{},:]+')


def indented(text: str) -> str:
    """The text with two spaces for each level; it must be compact JSON."""
    out: list[str] = []
    depth = 0
    for token in _TOKEN.findall(text):
        if token in ("[", "{"):
            depth += 1
            out.append(token + "\n" + "  " * depth)
        elif token in ("]", "}"):
            depth -= 1
            out.append("\n" + "  " * depth + token)
        elif token == ",":
            out.append(",\n" + "  " * depth)
        else:
            out.append(": " if token == ":" else token)
    return "".join(out)
