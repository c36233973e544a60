"""``printf``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from clace.gotemplate.printing import text_of


def sprintf(pattern: str, values: Sequence[Any], reserve: Callable[[int], None]) -> str:
    """Format as Go does."""
    reserve(len(pattern))
    out = []
    rest = iter(values)
    pieces = iter(pattern)
    for char in pieces:
        if char != "%":
            out.append(char)
            continue
        verb = next(pieces, "")
        out.append("%" if verb == "%" else text_of(next(rest, "%!" + verb + "(MISSING)")))
    return "".join(out)
