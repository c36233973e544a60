"""Globs of names with slashes, in linear time: names and globs may be chosen to take long."""

from __future__ import annotations

import re
from functools import lru_cache

from clace.patterns import is_whole

_ANY = "[^/]"
_CLASS = re.compile(r"\[([!^]?)(\]?[^\]/]*)\]")
_SLASHES = re.compile(r"/{2,}")
_DOUBLED = re.compile(r"(?:(?<=/)|^)(?:\*\*/){2,}")


def matches_glob(name: str, glob: str) -> bool:
    """Tell if a glob selects a name. ``*`` and ``?`` end at a slash; ``**`` between slashes is any
    number of folders, and at the end all that is below. A backslash takes its meaning from what
    follows.
    """
    return is_whole(_pattern(glob), name)


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> str:
    *folders, last = _DOUBLED.sub("**/", _SLASHES.sub("/", glob)).split("/")
    begun = "".join(f"(?:{_ANY}*/)*" if one == "**" else f"{_part(one)}/" for one in folders)
    return f"(?s:{begun}{'.*' if last == '**' else _part(last)})"


def _part(glob: str) -> str:
    """Return the pattern of what is between two slashes; stars alone are some name."""
    if glob and not glob.strip("*"):
        return f"{_ANY}+"
    made, rest = "", glob
    while rest:
        found = _CLASS.match(rest)
        if rest.startswith("\\") and len(rest) > 1:
            made += re.escape(rest[1])
            rest = rest[2:]
        elif found:
            made += _class(found[1], found[2])
            rest = rest[found.end() :]
        elif rest.startswith("*"):
            made += f"{_ANY}*"
            rest = rest.lstrip("*")
        else:
            made += _ANY if rest[0] == "?" else re.escape(rest[0])
            rest = rest[1:]
    return made


def _class(negation: str, chars: str) -> str:
    quoted = re.sub(r"\\?([\\\[\]^])", r"\\\1", chars)
    return f"[^/{quoted}]" if negation else f"[{quoted}]"
