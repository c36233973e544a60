"""Next steps for what a program says before it ends."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MISSING = re.compile(r"ModuleNotFoundError: No module named '(\w+)")


def advised(spec: str, lines: Iterable[str]) -> tuple[str, ...]:
    """Return the lines, and for a package that an app of Python lacks where to list it."""
    lines = tuple(lines)
    missing = {found[1] for line in lines if (found := _MISSING.search(line))}
    if not spec.startswith("python-") or not missing:
        return lines
    names = ", ".join(sorted(missing))
    step = f"{names}: if it is a package, list it in requirements.txt or in the script's metadata"
    return (*lines, step)
