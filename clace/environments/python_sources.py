"""Python sources as they are without being run: their imports, and the names they assign."""

from __future__ import annotations

import ast
import re
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

# In linear time: a file of a source may begin the block many times and never end it.
import re2  # type: ignore[import-untyped]

from clace.errors import SourceError

_SCRIPT = re2.compile(r"(?m)^# /// script$\s(?P<lines>(?:^#(?:| .*)$\s)+)^# ///$")
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_SEPARATORS = re.compile(r"[-_.]+")


def parsed(source: bytes) -> ast.Module | None:
    """Return the tree of a source; none if it is not Python, which its own interpreter will say."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def misspelt(source: bytes) -> str:
    """Return the line of a source at which it is not Python, and why; empty if it is Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"is not Python: {error or type(error).__name__}"
    return ""


def imported(tree: ast.Module) -> frozenset[str]:
    """Return the top packages that a module imports, wherever in it."""
    return frozenset(name.partition(".")[0] for name in _imports(tree))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def assigned_calls(tree: ast.Module) -> Mapping[str, str]:
    """Return the names that the top level gives to what a call returns, with that call's name."""
    found: dict[str, str] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=targets, value=ast.Call(func=called)):
                for target in targets:
                    found.update(dict.fromkeys(_names(target), _called(called)))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(func=called)):
                found[name] = _called(called)
    return found


def top_names(tree: ast.Module) -> frozenset[str]:
    """Return the names that the top level gives to anything, functions and classes among it."""
    found: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=targets):
                for target in targets:
                    found.update(_names(target))
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.ImportFrom(names=names):
                found.update(alias.asname or alias.name for alias in names)
    return frozenset(found)


def _names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple):
        for each in target.elts:
            yield from _names(each)


def _called(called: ast.expr) -> str:
    match called:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def canonical(name: str) -> str:
    """Return the name of a distribution as indexes spell it."""
    return _SEPARATORS.sub("-", name).lower()


def required_name(line: str) -> str:
    """Return the distribution that a requirement names; empty if it names none."""
    found = _NAME.match(line)
    return canonical(found[1]) if found else ""


def script_metadata(source: bytes) -> dict[str, Any] | None:
    """Return what a script says of itself (PEP 723), if it does.

    :raises SourceError: if there are two blocks, or one is not TOML.
    """
    text = source.decode("utf-8", "replace").replace("\r\n", "\n")
    blocks = list(_SCRIPT.finditer(text))
    if not blocks:
        return None
    if len(blocks) > 1:
        raise SourceError("the script has two blocks of metadata (# /// script)")
    lines = blocks[0]["lines"].splitlines()
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)
    return read_toml(text, "the script's metadata (# /// script)")


def read_toml(text: str, name: str) -> dict[str, Any]:
    """Return the table that a file of a source is.

    :raises SourceError: if it is not TOML; the text has ``name``.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SourceError(f"{name} is not TOML: it nests too deeply") from None
    except ValueError as error:  # a number of thousands of digits is no TOMLDecodeError
        raise SourceError(f"{name} is not TOML: {error}") from None
