"""The plan of an environment: what a source asks for, before anything is built."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from clace.environments.entries import EntryPoint, entry_point
from clace.environments.interpreters import Interpreter
from clace.environments.procfile import Procfile, read_procfile
from clace.environments.recognition import PACKAGE, PROCFILE
from clace.environments.requirements import (
    UV_LOCK,
    WHEELS,
    WantedPackages,
    file_bytes,
    lacking,
    wanted,
)
from clace.environments.table import Server, Spec
from clace.errors import BadRequest, SourceError
from clace.interfaces import NO_CONTAINER_ENGINE, WorkloadOrder

_ANY_PYTHON = Spec(name="", title="", server=Server.PROCFILE)
_MACHINE = f"{platform.system()} {platform.machine()} {platform.libc_ver()}"
_MAIN = "index.js"


class Plan(Struct, frozen=True, kw_only=True):
    """An app's packages, where it begins, and a digest of all that a lock follows from."""

    spec: Spec
    entry: EntryPoint
    packages: WantedPackages
    added: tuple[str, ...] = ()
    procfile: Procfile | None = None
    inputs: str = ""
    wheels: str = ""

    @property
    def has_python(self) -> bool:
        """Tell an app that needs a Python: its server does, or it asks for packages."""
        return bool(self.packages.lines or self.packages.exports or self.added)


def planned(order: WorkloadOrder, source: Path, spec: Spec | None) -> Plan:
    """Return the plan of an app from its files. Blocks.

    :raises BadRequest: if they name no app, or packages that are not installed here.
    :raises SourceError: if a file cannot be read as what it is.
    """
    config = order.config
    if spec is None and not config.command:
        raise BadRequest(
            "no kind of app is recognised from the files: say which with --spec NAME, or give"
            " process.config a command"
        )
    spec = spec or _ANY_PYTHON
    if spec.server is Server.CONTAINER:
        raise BadRequest(f"the files are to be run in a container: {NO_CONTAINER_ENGINE}")
    entry = EntryPoint("") if config.command else _entry(source, spec, config.file)
    module = entry.file if entry.file.endswith(".py") else ""
    packages = wanted(source, module, spec, builds=config.needs.builds)
    added = () if packages.exports else lacking(packages.names, spec)
    procfile = None
    if spec.server is Server.PROCFILE and spec.name:
        procfile = read_procfile(file_bytes(source / PROCFILE).decode("utf-8", "replace"))
    wheels = _wheels(source)
    return Plan(
        spec=spec,
        entry=entry,
        packages=packages,
        added=tuple(added),
        procfile=procfile,
        inputs=_digest(source, packages, added, wheels, builds=config.needs.builds),
        wheels=str(source / WHEELS) if wheels else "",
    )


def _entry(source: Path, spec: Spec, said: str) -> EntryPoint:
    match spec.server:
        case Server.PROCFILE:
            return EntryPoint("")
        case Server.EXECUTABLE:
            return EntryPoint(said or _program(source))
        case Server.NODE:
            return EntryPoint(said or _main(source))
    return entry_point(source, spec, said)


def _program(source: Path) -> str:
    for path in sorted(source.iterdir()):
        if "." not in path.name and path.is_file() and _begins(path) == b"\x7fELF":
            return path.name
    raise BadRequest(
        "the source has no program for Linux: compile it first (CGO_ENABLED=0 go build), or say"
        " which file it is with --param app_file=FILE"
    )


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _main(source: Path) -> str:
    """:raises SourceError: if package.json cannot be read, or asks for packages."""
    try:
        package = json.loads(file_bytes(source / PACKAGE).decode("utf-8"))
    except RecursionError:
        raise SourceError(f"cannot read {PACKAGE}: it nests too deeply") from None
    except ValueError as error:
        raise SourceError(f"cannot read {PACKAGE}: {error}") from None
    if not isinstance(package, dict):
        raise SourceError(f"{PACKAGE} is not an object")
    if package.get("dependencies"):
        raise BadRequest(
            f"{PACKAGE}: packages of npm are not installed; bundle the app into one file, or use a"
            " container"
        )
    return str(package.get("main") or _MAIN)


def _wheels(source: Path) -> dict[str, str]:
    found = sorted(path for path in (source / WHEELS).glob("*.whl") if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def _digest(
    source: Path, packages: WantedPackages, added: Any, wheels: dict[str, str], *, builds: bool
) -> str:
    lock = (source / UV_LOCK).read_bytes() if packages.exports else b""
    told = (packages, tuple(added), wheels, builds, hashlib.sha256(lock).hexdigest())
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


def key_of(lock: str, python: Interpreter, owner: str) -> str:
    """Return the key of an environment: equal for equal packages on an equal Python and machine.

    ``owner`` is the id of an app whose packages are built, for nobody else gets those.
    """
    told = (lock, python.path, python.version, _MACHINE, owner)
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:40]


def node_program() -> str:
    """:raises BadRequest: if this machine has none."""
    found = shutil.which("node")
    if found is None:
        raise BadRequest("this machine has no node: install it, or use a container")
    return found
