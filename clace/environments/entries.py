"""The module and the object of a source that its server is pointed at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from clace.environments.python_sources import assigned_calls, imported, misspelt, parsed, top_names
from clace.environments.recognition import python_modules
from clace.environments.table import Server, Spec
from clace.errors import BadRequest, SourceError

_USUAL = ("app.py", "main.py", "wsgi.py", "asgi.py", "server.py", "run.py", "streamlit_app.py")
_SERVED = frozenset({"wsgi.py", "asgi.py"})
_FACTORIES = ("create_app", "make_app")
_DJANGO = re.compile(r"DJANGO_SETTINGS_MODULE['\"]\s*,\s*['\"]([\w.]+)\.settings(?:\.\w+)?['\"]")
_LARGEST = 1_000_000
_OBJECT = re.compile(r"[A-Za-z_][\w.]*(\(\))?")


class EntryPoint(NamedTuple):
    """A file of the source, and the name in it that is the application, where one is needed."""

    file: str
    name: str = ""

    @property
    def target(self) -> str:
        """The module and the name as servers of Python want them."""
        module = self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return f"{module}:{self.name}"


def entry_point(source: Path, spec: Spec, said: str) -> EntryPoint:
    """Return where the app begins; ``said`` is ``FILE`` or ``FILE:OBJECT``, or empty. Blocks.

    :raises BadRequest: if it is not found, or two are; the text says how to say which.
    :raises SourceError: if it is not found, and a module is not Python.
    """
    file, _, name = said.partition(":")
    if name and not _OBJECT.fullmatch(name):
        raise BadRequest(f"app_file {said:.200}: expected FILE or FILE:OBJECT")
    names = [_checked(source, file)] if file else list(_candidates(source))
    if spec.name == "python-django" and not file:
        return _django(source)
    if spec.server not in {Server.GUNICORN, Server.UVICORN}:
        return EntryPoint(_file(source, spec, names))
    if name:
        return EntryPoint(file, name)
    found = [EntryPoint(each, app) for each in names if (app := _application(source / each, spec))]
    if not found:
        _check_spelling(source, names)
        looked = ", ".join(names[:10]) or "no module"
        wanted = " or ".join(spec.makers) or "an application"
        raise BadRequest(
            f"no {wanted} is found at the top level of {looked}: say which with"
            " --param app_file=FILE:OBJECT"
        )
    return _first(found)


def _check_spelling(source: Path, names: list[str]) -> None:
    """:raises SourceError: if a module is not Python, so that nothing can be found in it."""
    for name in names:
        if problem := misspelt(_text(source / name)):
            raise SourceError(f"{name} {problem}")


def _first(found: list[EntryPoint]) -> EntryPoint:
    """The one with a usual name, or the only one."""
    by_file = {each.file: each for each in found}
    for usual in _USUAL:
        if usual in by_file:
            return by_file[usual]
    if len(found) > 1:
        files = " and ".join(each.file for each in found[:5])
        raise BadRequest(f"{files} have an application each: say which with --param app_file=FILE")
    return found[0]


def _file(source: Path, spec: Spec, names: list[str]) -> str:
    """The file that runs: the one that imports the package, a usual name among several."""
    if len(names) == 1:
        return names[0]
    found = [name for name in names if _imports(source / name, spec)]
    return _first([EntryPoint(name) for name in found or names or [_none(spec)]]).file


def _none(spec: Spec) -> str:
    raise BadRequest(f"the source has no module for {spec.name}")


def _imports(path: Path, spec: Spec) -> bool:
    tree = parsed(_text(path))
    return tree is not None and not imported(tree).isdisjoint(spec.packages)


def _application(path: Path, spec: Spec) -> str:
    """The name of the application in a module; empty if it has none."""
    tree = parsed(_text(path))
    if tree is None:
        return ""
    made = assigned_calls(tree)
    by_maker = [name for name, call in made.items() if call in spec.makers]
    top = top_names(tree)
    usual = [name for name in spec.names if name in top]
    if by_maker:
        return next((name for name in usual if name in by_maker or name == "server"), by_maker[0])
    if usual and (path.name in _SERVED or spec.takes_any or imported(tree) & spec.packages.keys()):
        return usual[0]
    factories = [name for name in _FACTORIES if name in top]
    return f"{factories[0]}()" if factories and spec.server is Server.GUNICORN else ""


def _candidates(source: Path) -> Iterator[str]:
    """Modules at the top, then those one folder below that begin a package."""
    yield from python_modules(path.name for path in source.iterdir() if path.is_file())
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        for name in ("__init__.py", "main.py", "app.py"):
            if (folder / name).is_file() and folder.name.isidentifier():
                yield f"{folder.name}/{name}"


def _django(source: Path) -> EntryPoint:
    found = _DJANGO.search(_text(source / "manage.py").decode(errors="replace"))
    module = found[1] if found else ""
    if not module or not (source / module.replace(".", "/") / "wsgi.py").is_file():
        raise BadRequest(
            "no wsgi.py is found by way of manage.py: say which with --param app_file=FILE"
        )
    return EntryPoint(f"{module.replace('.', '/')}/wsgi.py", "application")


def _checked(source: Path, file: str) -> str:
    """:raises SourceError: if the source does not have the file."""
    parts = file.split("/")
    if any(part in {"", ".", ".."} for part in parts) or not (source / file).is_file():
        raise SourceError(f"app_file {file:.200}: the source has no such file")
    return file


def _text(path: Path) -> bytes:
    if not path.is_file() or path.stat().st_size > _LARGEST:
        return b""
    return path.read_bytes()
