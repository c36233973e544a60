"""Faces of packages, and the imports that have to go through them.

``python -m tests.support.faces`` puts every name that a package imports from another one into the
face of that one, and has it imported from there. Look at what it adds: a face says what others may
use, so it is a decision.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "clace"
# A compiler is one library: what others may use is in its own face, and its rooms use each other.
COMPILERS = frozenset({"clace.gotemplate", "clace.starlark"})
# Their faces import at once: a compiler is needed whole, and an interface costs little.
AT_ONCE = COMPILERS | {"clace.interfaces"}
# A face may name modules too: those of ``clace.admin_api`` are its nouns.
MODULES = ""

Names = dict[str, frozenset[str]]
"""Names by the modules of one package that define them."""


class Use(NamedTuple):
    """An import of a name from a module inside of another package."""

    path: Path
    package: str
    module: str
    name: str

    def __str__(self) -> str:
        where = self.path.relative_to(PACKAGE).as_posix()
        return f"{where}: import {self.name} from {self.package}, not from {self.module}"


def sources() -> dict[str, Path]:
    """The modules of the package by their names; packages are their ``__init__``."""
    return {_dotted(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def parsed(text: str) -> ast.Module:
    """The tree of a module's text, which several tests look at."""
    return ast.parse(text)


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _library(name: str) -> str:
    """The compiler that a module or package is of, or itself."""
    return next((one for one in COMPILERS if f"{name}.".startswith(f"{one}.")), name)


def _package(name: str, found: Mapping[str, Path]) -> str:
    inner = name if found[name].name == "__init__.py" else name.rpartition(".")[0]
    return _library(inner)


def uses_of_the_inside() -> Iterator[Use]:
    """Imports past the face of a package by a module that is not within that package."""
    found = sources()
    for name, path in found.items():
        own = f"{_package(name, found)}."
        for module, imported in _imports(path):
            whole = f"{module}.{imported}"
            if module not in found or (whole in found and _package(whole, found) == module):
                continue
            package = _package(module, found)
            if package not in {module, "clace"} and not own.startswith(f"{package}."):
                yield Use(path, package, module, imported)


def uses_of_no_face() -> Iterator[Use]:
    """Imports of names from a package that are not in its face."""
    found = sources()
    faces = {
        name: frozenset().union(*announced(path).values(), _defined(path))
        for name, path in found.items()
        if path.name == "__init__.py"
    }
    for name, path in found.items():
        own = f"{_package(name, found)}."
        for module, imported in _imports(path):
            within = module == "clace" or own.startswith(f"{_library(module)}.")
            if module in faces and not within and imported not in faces[module]:
                yield Use(path, module, module, imported)


def _defined(path: Path) -> frozenset[str]:
    body = parsed(path.read_text("utf-8")).body
    targets = (target for node in body if isinstance(node, ast.Assign) for target in node.targets)
    functions = (node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return frozenset(
        (*(one.id for one in targets if isinstance(one, ast.Name)), *(f.name for f in functions))
    )


def _imports(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(parsed(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def announced(path: Path) -> Names:
    """The names in the face of the package of this ``__init__``, as a type checker reads them."""
    package = _dotted(path)
    body = parsed(path.read_text("utf-8")).body
    typed = next((node.body for node in body if isinstance(node, ast.If)), body)
    return {
        line.module.removeprefix(package).lstrip("."): frozenset(one.name for one in line.names)
        for line in typed
        if isinstance(line, ast.ImportFrom) and line.module and line.module.startswith(package)
    }


def found_at_work(path: Path) -> Names:
    """The names in the face of the package of this ``__init__``, as they are found at work.

    A module is found without being named.
    """
    for node in ast.walk(parsed(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "face":
            return {
                str(word.arg): frozenset(ast.literal_eval(word.value)) for word in node.keywords
            }
    return {}


def with_face(text: str, package: str, names: Names) -> str:
    """The text of an ``__init__`` with a face of these names."""
    body = ast.parse(text).body
    documented = "\n".join(text.splitlines()[: body[0].end_lineno]) if body else ""
    if package in AT_ONCE:
        every = sorted(frozenset().union(*names.values()))
        return f"{documented}\n\n{_imported(package, names)}\n__all__ = {every!r}\n"
    typed = indent(_imported(package, names, "{0} as {0}"), "    ")
    at_work = sorted(set(names) - {MODULES})
    table = "".join(f"{module}={tuple(sorted(names[module]))!r},\n" for module in at_work)
    # A face that imports no typing says TYPE_CHECKING itself, and why.
    own = [line for line in text.splitlines() if line.startswith("TYPE_CHECKING =")]
    typing, said = ("", f"{own[0]}\n\n") if own else ("from typing import TYPE_CHECKING\n\n", "")
    return (
        f"{documented}\n\n{typing}from clace.faces import face\n\n{said}"
        f"if TYPE_CHECKING:\n{typed}else:\n    __getattr__ = face(__name__, {table})\n"
    )


def _imported(package: str, names: Names, form: str = "{0}") -> str:
    return "".join(
        f"from {'.'.join(filter(None, (package, module)))}"
        f" import {', '.join(form.format(name) for name in sorted(there))}\n"
        for module, there in sorted(names.items())
    )


def _bound(path: Path | None, names: set[str]) -> set[str]:
    """Those of the names that the module still has; modules are taken as they are."""
    if path is None:
        return names
    nodes = list(ast.walk(parsed(path.read_text("utf-8"))))
    return {
        *(n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)),
        *(n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)),
        *(n.name for n in nodes if isinstance(n, ast.ClassDef)),
    }


def main() -> None:
    """Complete the faces, and import from them."""
    found = sources()
    faces = {
        package: {module: set(names) for module, names in announced(path).items()}
        for package, path in found.items()
        if path.name == "__init__.py" and _library(package) not in COMPILERS
    }
    for use in uses_of_no_face():
        if use.package in faces and f"{use.package}.{use.name}" in found:
            faces[use.package].setdefault(MODULES, set()).add(use.name)
    for use in uses_of_the_inside():
        if use.package in faces:
            module = use.module.removeprefix(f"{use.package}.")
            faces[use.package].setdefault(module, set()).add(use.name)
        past = rf"(?m)^(\s*from ){re.escape(use.module)}( import )"
        text = use.path.read_text("utf-8")
        use.path.write_text(re.sub(past, rf"\1{use.package}\2", text), "utf-8")
    for package, names in faces.items():
        if names:
            text = found[package].read_text("utf-8")
            frozen = {
                module: frozenset(
                    there & _bound(found.get(f"{package}.{module}") if module else None, there)
                )
                for module, there in names.items()
            }
            frozen = {module: there for module, there in frozen.items() if there}
            found[package].write_text(with_face(text, package, frozen), "utf-8")
    for command in (("format", "-q"), ("check", "--fix", "-q"), ("format", "-q")):
        subprocess.run((sys.executable, "-m", "ruff", *command, str(PACKAGE)), check=False)


if __name__ == "__main__":
    main()
