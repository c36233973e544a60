"""The names under which static files are cached for ever: with the hash of their content."""

from __future__ import annotations

import re

_HASHED = re.compile(r"(?P<before>[^/.]*)-(?P<hash>[0-9a-f]{64})(?P<after>\.[^/]*)?\Z")


def hashed_name(name: str, sha256: str) -> str:
    """``name`` with ``-hash`` before the first dot of its last part."""
    folder, slash, file = name.rpartition("/")
    stem, dot, rest = file.partition(".")
    return f"{folder}{slash}{stem}-{sha256}{dot}{rest}"


def split_hash(name: str) -> tuple[str, str]:
    """The plain name and the hash in it, ``""`` if it has none."""
    folder, slash, file = name.rpartition("/")
    found = _HASHED.match(file)
    if not found:
        return name, ""
    return f"{folder}{slash}{found['before']}{found['after'] or ''}", found["hash"]
