"""Specs of apps without ``app.star``, told from their files."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from clace.environments.python_sources import (
    canonical,
    imported,
    misspelt,
    parsed,
    read_toml,
    required_name,
    script_metadata,
)
from clace.environments.table import SPECS
from clace.errors import BadRequest, SourceError
from clace.interfaces import IFiles
from clace.model import CONTAINER_FILES

PROCFILE, PACKAGE, PROJECT = "Procfile", "package.json", "pyproject.toml"
REQUIREMENTS = "requirements.txt"
_TEMPLATE = ".go.html"
_INDEXES = ("index.html", "index.htm")
_NOT_THE_APP = re.compile(r"(test_.*|.*_test|conftest|setup|noxfile|tasks)\.py")
_MOST_MODULES = 100
_MOST_NAMED = 5
_LARGEST = 1_000_000
_ELF = b"\x7fELF"
_LINE_WEB = re.compile(rb"^web\s*:", re.MULTILINE)
PROCFILE_SPEC, NODE, EXECUTABLE, HONO = "procfile", "node", "executable", "js-hono"
_HONO_PACKAGE = "hono"


class Recognised(NamedTuple):
    """A spec, and the mark in the files that says so."""

    spec: str
    reason: str


class Marks(NamedTuple):
    """The parts of a source that tell its spec: imports and requirements, with the file of each."""

    imports: Mapping[str, str]
    required: Mapping[str, str]
    others: tuple[Recognised, ...]


def python_modules(names: Iterable[str]) -> list[str]:
    """Return the modules at the top of a source that can be the app."""
    tops = sorted(name for name in names if name.endswith(".py") and "/" not in name)
    return [name for name in tops if not _NOT_THE_APP.fullmatch(name)][:_MOST_MODULES]


async def recognised(files: IFiles) -> Recognised | None:
    """Return the spec that the files are of; none if none has its marks.

    :raises BadRequest: if they have the marks of two; the text names both.
    """
    return decided(await found_marks(files)) or without_program(files)


async def unrecognised(files: IFiles) -> SourceError:
    """Return the refusal of files without a mark: the first that is not Python, or all."""
    modules = python_modules(files.refs)
    for name in modules:
        if problem := misspelt(await _read(files, name)):
            return SourceError(f"{name} {problem}; so no kind of app is told from it")
    tops = sorted(name for name in files.refs if "/" not in name)
    seen = ", ".join((modules or tops)[:_MOST_NAMED]) or "the source, which has no files"
    return SourceError(
        f"no kind of app is told from {seen}: add an app.star, or import or require a framework,"
        f" or say which with --spec NAME ({', '.join(spec.name for spec in SPECS)})"
    )


async def found_marks(files: IFiles) -> Marks:
    """Look at the files that tell a spec."""
    imports: dict[str, str] = {}
    required: dict[str, str] = {}
    for name in python_modules(files.refs):
        source = await _read(files, name)
        if (tree := parsed(source)) is not None:
            imports.update((package, name) for package in imported(tree) if package not in imports)
        metadata = _metadata(source) or {}
        _note(required, metadata.get("dependencies"), name)
    _note(required, (await _read(files, REQUIREMENTS)).decode(errors="replace").splitlines())
    _note(required, _project(await _read(files, PROJECT)), PROJECT)
    return Marks(imports, required, tuple([each async for each in _others(files)]))


def decided(marks: Marks) -> Recognised | None:
    """:raises BadRequest: if the marks are of two specs."""
    found = [each for each in marks.others if each.spec == PROCFILE_SPEC]
    found = found or _of_packages(marks) or list(marks.others)
    if len(found) > 1:
        told = " or ".join(f"{each.spec} ({each.reason})" for each in found)
        raise BadRequest(f"the source can be {told}: say which with --spec NAME")
    return found[0] if found else None


def _of_packages(marks: Marks) -> list[Recognised]:
    """Imports decide; requirements only if no import does, as in a project with folders."""
    pairs = [(spec.name, *pair) for spec in SPECS for pair in spec.packages.items()]
    found = {
        spec: Recognised(spec, f"{marks.imports[package]} imports {package}")
        for spec, package, _ in pairs
        if package in marks.imports
    } or {
        spec: Recognised(spec, f"{marks.required[wanted]} requires {wanted}")
        for spec, _, wanted in pairs
        if wanted in marks.required
    }
    beneath = {name for spec in SPECS if spec.name in found for name in spec.over}
    return [each for name, each in found.items() if name not in beneath]


async def _others(files: IFiles) -> AsyncIterator[Recognised]:
    if _LINE_WEB.search(await _read(files, PROCFILE)):
        yield Recognised(PROCFILE_SPEC, f"{PROCFILE} has a line web")
    if PACKAGE in files.refs and _HONO_PACKAGE in _node_packages(await _read(files, PACKAGE)):
        yield Recognised(HONO, f"{PACKAGE} requires {_HONO_PACKAGE}")
    elif PACKAGE in files.refs:
        yield Recognised(NODE, f"{PACKAGE} is there")
    elif (program := await only_program(files)) is not None:
        yield Recognised(EXECUTABLE, f"{program} is a program")


def _node_packages(text: bytes) -> frozenset[str]:
    """Return the packages that a package.json depends on when it runs; none if it is malformed."""
    try:
        listed = json.loads(text.decode("utf-8"))
    except (RecursionError, ValueError):
        return frozenset()
    wanted = listed.get("dependencies") if isinstance(listed, dict) else None
    return frozenset(wanted) if isinstance(wanted, dict) else frozenset()


def without_program(files: IFiles) -> Recognised | None:
    """Return the spec of files of which none is a program that this server knows how to start."""
    for name in CONTAINER_FILES:
        if name in files.refs:
            return Recognised("container", f"{name} is there")
    page = main_page(files) or next((name for name in _INDEXES if name in files.refs), "")
    # Templates belong to an app whose app.star is missing, and are not for visitors to read.
    is_of_app = any(name.endswith(_TEMPLATE) for name in files.refs)
    if not page or is_of_app or python_modules(files.refs):
        return None
    return Recognised("static", f"{page} is there, and no program")


def main_page(files: IFiles) -> str:
    """Return the only page at the top of the files; empty if an index is there, or several are."""
    pages = [name for name in files.refs if "/" not in name and name.endswith((".html", ".htm"))]
    return pages[0] if len(pages) == 1 and pages[0] not in _INDEXES else ""


async def only_program(files: IFiles) -> str | None:
    """Return the program at the top of the files; none if there is not exactly one."""
    found = [
        name
        for name, ref in files.refs.items()
        if "/" not in name and "." not in name and ref.size > len(_ELF)
    ]
    programs = [name for name in found if (await files.read(name)).startswith(_ELF)]
    return programs[0] if len(programs) == 1 else None


async def _read(files: IFiles, name: str) -> bytes:
    """Return the file; nothing if it is missing or too large to be one that a person wrote."""
    ref = files.refs.get(name)
    return await files.read(name) if ref is not None and ref.size <= _LARGEST else b""


def _note(required: dict[str, str], lines: Any, place: str = REQUIREMENTS) -> None:
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, str) and (name := required_name(line)):
            required.setdefault(name, place)


def _metadata(source: bytes) -> dict[str, Any] | None:
    try:
        return script_metadata(source)
    except SourceError:
        return None


def _project(text: bytes) -> list[str]:
    """Return the requirements of a project, poetry's too."""
    try:
        whole = read_toml(text.decode(errors="replace"), PROJECT)
    except SourceError:
        return []
    return list(_required(whole))


def _required(project: Mapping[str, Any]) -> Iterator[str]:
    listed = project.get("project", {})
    if isinstance(listed, dict) and isinstance(listed.get("dependencies"), list):
        yield from listed["dependencies"]
    tools = project.get("tool", {})
    poetry = tools.get("poetry", {}) if isinstance(tools, dict) else {}
    wanted = poetry.get("dependencies", {}) if isinstance(poetry, dict) else {}
    if isinstance(wanted, dict):
        yield from (canonical(name) for name in wanted if name != "python")
