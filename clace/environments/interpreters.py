"""Pythons of this machine, and the one that an app's source can run on."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from clace.errors import BadRequest

_PLACES = ("/usr/local/bin", "/usr/bin")
_NAME = re.compile(r"python3\.[0-9]+")


class Interpreter(Struct, frozen=True):
    """A Python: its file, its version, and the folder that it is installed in."""

    path: str
    version: str
    prefix: str

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])


def own_interpreter() -> Interpreter:
    """Return the Python that the server runs on, outside of any environment."""
    major, minor, micro = sys.version_info[:3]
    name = Path(sys.base_prefix, "bin", f"python{major}.{minor}")
    path = name if name.exists() else Path(sys.executable)
    return Interpreter(str(path.resolve()), f"{major}.{minor}.{micro}", sys.base_prefix)


def others(own: Interpreter, places: Iterable[str] = _PLACES) -> list[str]:
    """Return other Pythons by their files, the newest first."""
    found: dict[str, str] = {}
    for place in places:
        for path in Path(place).glob("python3.*"):
            real = str(path.resolve())
            if _NAME.fullmatch(path.name) and real != own.path:
                found.setdefault(real, path.name)
    return sorted(found, key=lambda path: -int(found[path].partition(".")[2]))


def meets(version: str, required: str) -> bool:
    """Tell a version that ``requires-python`` allows.

    :raises BadRequest: if it cannot be read.
    """
    try:
        return SpecifierSet(required).contains(version, prereleases=True)
    except InvalidSpecifier:
        raise BadRequest(f'requires-python: "{required:.100}" is no range of versions') from None
