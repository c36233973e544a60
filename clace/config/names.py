"""``$CL_HOME`` and its like in configured texts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

HOMES = ("CL_HOME", "OPENRUN_HOME")
"""The names of the home folder: ours, and that of OpenRun."""
USABLE = (
    *HOMES,
    "HOME",
    "TEMPDIR",
    "TMPDIR",
    "RUNTIME_DIRECTORY",
    "STATE_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
)
_NAME = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>\w+)\}|(?P<bare>[A-Za-z_]\w*))")


class Refused(ValueError):
    """A value that cannot be used; a text given here says why, without one the rule does."""


class Names:
    """Values of ``$NAME`` in paths, endpoints and databases; ``$$`` is a dollar sign."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self.home = home
        self._values = {name: environ[name] for name in USABLE if environ.get(name)}
        self._values |= home_names(home)
        self._values.setdefault("TEMPDIR", environ.get("TMPDIR") or "/tmp")  # noqa: S108

    def expand(self, text: str, special: str = "") -> str:
        """The text with names replaced; ``special`` characters in what they stand for are escaped.

        :raises Refused: a name is not one of ``USABLE``, or is not set.
        """

        def value(found: re.Match[str]) -> str:
            if found["dollar"]:
                return "$"
            plain = self._value(found["braced"] or found["bare"])
            return "".join(f"\\{c}" if c in special else c for c in plain)

        return _NAME.sub(value, text)

    def path(self, text: str) -> Path:
        """The path that a text means; a relative one starts at home."""
        return Path(os.path.normpath(self.home / self.expand(text)))

    def _value(self, name: str) -> str:
        if name not in USABLE:
            raise Refused(f"${name} cannot be used here, only {_listed(USABLE)} ($$ for a $)")
        if name not in self._values:
            raise Refused(f"${name} is not set in the environment")
        return self._values[name]


def home_names(home: Path) -> dict[str, str]:
    """The names that stand for the home folder, whatever the environment says."""
    return dict.fromkeys(HOMES, str(home))


def replace_names(value: object, allowed: Iterable[str], environ: Mapping[str, str]) -> object:
    """The value with ``$NAME`` replaced in all its texts, for names that are allowed and set."""
    known = {name: environ[name] for name in allowed if name in environ}

    def text(found: re.Match[str]) -> str:
        return known.get(found["braced"] or found["bare"] or "", found[0])

    def replaced(part: object) -> object:
        match part:
            case str():
                return _NAME.sub(text, part)
            case list():
                return [replaced(item) for item in part]
            case dict():
                return {key: replaced(item) for key, item in part.items()}
            case _:
                return part

    return replaced(value)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"${name}" for name in names)
