"""Packages that a source asks for, read from the files that say so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement

from clace.environments.python_sources import (
    canonical,
    imported,
    parsed,
    read_toml,
    script_metadata,
)
from clace.environments.recognition import PROJECT, REQUIREMENTS, python_modules
from clace.environments.table import Spec
from clace.errors import BadRequest, SourceError

UV_LOCK = "uv.lock"
WHEELS = "wheels"
_HASH = re.compile(r"\s--hash=(\S+)")
_OPTION = re.compile(r"(^|\s)-")
_COMMENT = re.compile(r"(^|\s)#.*$")
_OPERATORS = "indexes and options are the operator's, [python] in clace.toml"
BUILDING = "building it has to be asked for, --copt builds=true, and approved"
_LARGEST = 4_000_000


class WantedPackages(Struct, frozen=True, kw_only=True):
    """The packages of a source: requirements as texts, the file that has them, and the Python.

    ``is_locked`` if each has one version and the hashes of its files; ``exports`` if a ``uv.lock``
    says which they are.
    """

    lines: tuple[str, ...] = ()
    place: str = ""
    python: str = ""
    is_locked: bool = False
    exports: bool = False

    @property
    def names(self) -> frozenset[str]:
        return frozenset(canonical(Requirement(line).name) for line in map(unhashed, self.lines))


def wanted(source: Path, module: str, spec: Spec | None, *, builds: bool) -> WantedPackages:
    """Return the packages a source asks for; ``module`` is the file that runs. Blocks.

    :raises BadRequest: if this server does not install what a line says.
    :raises SourceError: if a file cannot be read as what it is.
    """
    found = _declared(source, module)
    checked = tuple(_checked(line, found.place, builds=builds) for line in found.lines)
    if not found.place and spec is not None:
        checked = tuple(_marking(source, spec))
    hashed = list(map(is_hashed, checked))
    return WantedPackages(
        lines=checked,
        place=found.place,
        python=found.python,
        is_locked=bool(hashed) and all(hashed),
        exports=found.exports,
    )


def _marking(source: Path, spec: Spec) -> list[str]:
    """The packages of a spec that the source imports; the only one if it imports none."""
    names = python_modules(path.name for path in source.iterdir() if path.is_file())
    trees = filter(None, (parsed(file_bytes(source / name)) for name in names))
    imports = frozenset[str]().union(*map(imported, trees))
    found = [wanted for package, wanted in spec.packages.items() if package in imports]
    return found or (list(spec.packages.values()) if len(spec.packages) == 1 else [])


def is_hashed(line: str) -> bool:
    """Tell a requirement with the hashes of its files."""
    return _HASH.search(line) is not None


def unhashed(line: str) -> str:
    """Return a requirement without the hashes behind it."""
    return _HASH.sub("", line)


def checked_lines(text: str, place: str, *, builds: bool) -> list[str]:
    """Return the requirements of a file, each on a line of its own.

    :raises BadRequest: if one is an option, or not from an index.
    """
    return [_checked(line, place, builds=builds) for line in _lines(text)]


def _declared(source: Path, module: str) -> WantedPackages:
    if module and (script := script_metadata(file_bytes(source / module))) is not None:
        return _listed(script, module)
    project = _toml(source / PROJECT)
    listed = project.get("project", {})
    if (source / UV_LOCK).is_file() and isinstance(listed, dict) and listed:
        return WantedPackages(place=UV_LOCK, python=_python(listed), exports=True)
    if (source / REQUIREMENTS).is_file():
        text = file_bytes(source / REQUIREMENTS).decode("utf-8-sig", "replace")
        python = _python(listed) if isinstance(listed, dict) else ""
        return WantedPackages(lines=tuple(_lines(text)), place=REQUIREMENTS, python=python)
    if isinstance(listed, dict) and listed:
        return _listed(listed, PROJECT)
    tools = project.get("tool", {})
    if isinstance(tools, dict) and "poetry" in tools:
        raise BadRequest(f"{PROJECT} is poetry's: write requirements.txt by `poetry export`")
    return WantedPackages()


def _listed(table: dict[str, Any], place: str) -> WantedPackages:
    lines = table.get("dependencies", [])
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise BadRequest(f"{place}: dependencies are a list of texts")
    return WantedPackages(lines=tuple(lines), place=place, python=_python(table))


def _python(table: dict[str, Any]) -> str:
    return str(table.get("requires-python", ""))


def _checked(line: str, place: str, *, builds: bool) -> str:
    """The requirement as it is given to uv; from an index, unless others are approved."""
    bare = unhashed(line).strip()
    if _OPTION.search(bare):
        raise BadRequest(f'{place}: "{bare:.200}" has an option: {_OPERATORS}')
    try:
        requirement = Requirement(bare)
    except InvalidRequirement as error:
        if _is_place(bare):
            raise BadRequest(
                f'{place}: "{bare:.200}" is no package of an index: {BUILDING}'
            ) from None
        reason = str(error).partition("\n")[0]
        raise BadRequest(f'{place}: "{bare:.200}" is no requirement: {reason}') from None
    if requirement.url and not builds:
        raise BadRequest(f'{place}: "{bare:.200}" is not from an index: {BUILDING}')
    return line


def _is_place(text: str) -> bool:
    return "/" in text or text.startswith(".") or text.endswith((".whl", ".zip", ".gz"))


def _lines(text: str) -> Iterator[str]:
    """Return the lines of a requirements file: joined where they go on, without comments."""
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        if bare := _COMMENT.sub("", line).strip():
            yield re.sub(r"\s+", " ", bare)


def file_bytes(path: Path) -> bytes:
    """Return a file of a source.

    :raises SourceError: if it cannot be read, or is larger than such files are.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise SourceError(f"{path.name} has more than {_LARGEST} bytes")
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {path.name}: {error.strerror}") from None


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    return read_toml(file_bytes(path).decode("utf-8-sig", "replace"), path.name)


def lacking(names: frozenset[str], spec: Spec | None) -> Sequence[str]:
    """Return the packages that the server of a spec is made of, and that are not there yet."""
    return [name for name in (spec.needs if spec else ()) if name not in names]
