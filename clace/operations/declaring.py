"""Files of declarations: read and evaluated, and written."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from attrs import frozen

from clace.admin_api import ApplyFiles
from clace.errors import BadRequest
from clace.interfaces import IRuntime, ISources, SourceRevision
from clace.locations import DEFAULT_BRANCH
from clace.model import AppPath, DeclaredApp

WIDTH = 100
_INDENT = " " * 4
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_BMP = 0xFFFF
_KEYWORDS = (
    *("dev", "auth", "git_auth", "git_branch", "git_commit", "params", "spec", "stage_at"),
    *("app_config", "container_opts", "container_args", "container_vols", "accounts"),
    *("stage_write_access", "preview_write_access", "verify"),
)
_BARE = DeclaredApp(path="", source="")


class DeclaredApps(NamedTuple):
    """The apps of files by address, the commit of these and where they are; ``empty`` are the names
    of files that declare nothing.
    """

    commit: str
    apps: Mapping[AppPath, DeclaredApp]
    empty: tuple[str, ...]
    origin: str


@frozen
class DeclarationFiles:
    """Reads files of declarations, in a folder or a repository, and evaluates them."""

    sources: ISources
    runtime: IRuntime
    default_domain: str = "localhost"

    async def read(self, query: ApplyFiles) -> DeclaredApps:
        """Return the apps that the files of an application declare.

        :raises SourceError: if a file is missing or cannot be read.
        :raises AppBroken: if one fails.
        :raises BadRequest: if two declare one app, or a revision of a folder is asked for.
        :raises InvalidPath: if an app cannot be at its address.
        """
        fetched = await self.sources.texts(_revision_of(query, self.sources))
        contents = {name: await fetched.files.read(name) for name in fetched.files.refs}
        found: dict[AppPath, DeclaredApp] = {}
        for one in await self.runtime.declared(contents):
            path = AppPath.parse(one.path, self.default_domain)
            if path in found:
                raise BadRequest(f"duplicate app {path} defined in file {one.file}")
            path.check_installable()
            found[path] = one
        with_apps = {one.file for one in found.values()}
        empty = tuple(sorted(contents.keys() - with_apps))
        return DeclaredApps(fetched.commit, found, empty, _origin_of(query, self.sources))


def _revision_of(query: ApplyFiles, sources: ISources) -> SourceRevision:
    """Return where the files of an application are.

    :raises BadRequest: if a revision of a folder is asked for.
    """
    git = sources.is_git(query.apply_path)
    if not git and (query.commit or query.branch not in {"", DEFAULT_BRANCH}):
        raise BadRequest(f"{query.apply_path} is in a folder, which has no branch or commit")
    return SourceRevision(
        source_url=query.apply_path,
        branch="" if query.commit or not git else query.branch or DEFAULT_BRANCH,
        commit=query.commit,
        git_auth=query.git_auth,
    )


def _origin_of(query: ApplyFiles, sources: ISources) -> str:
    """Name the files, whatever is in them: where they are, in git with their branch."""
    if not sources.is_git(query.apply_path):
        return query.apply_path
    return f"{query.apply_path} {query.branch or DEFAULT_BRANCH}"


def calls_of(declared: Iterable[DeclaredApp]) -> str:
    """Write declarations as calls of ``app``, an empty line between two.

    The layout is that of era 26: an argument on each line, and entries on lines of their own where
    a line would be longer than 100 characters.
    """
    return "\n".join(f"{_call(one)}\n" for one in declared)


def _call(one: DeclaredApp) -> str:
    lines = [f"app(path={quoted(one.path)}", *map(_argument, _arguments(one))]
    return ",\n".join(lines) + ")"


def _arguments(one: DeclaredApp) -> Iterator[tuple[str, Any]]:
    """Yield the arguments after ``path`` that are not their defaults, by name."""
    yield "source", one.source
    settings = {name: _toml(text) for name, text in one.app_config.items()}
    for name in _KEYWORDS:
        value = settings if name == "app_config" else getattr(one, name)
        if getattr(one, name) == getattr(_BARE, name):
            continue
        if isinstance(value, tuple):
            value = list(value)
        yield name, dict(sorted(value.items())) if isinstance(value, dict) else value


def _argument(argument: tuple[str, Any]) -> str:
    name, value = argument
    text = f"{_INDENT}{name}={literal(value)}"
    if not isinstance(value, dict) or len(text) < WIDTH:
        return text
    entries = "".join(
        f"{_INDENT * 2}{quoted(key)}: {literal(each)},\n" for key, each in value.items()
    )
    return f"{_INDENT}{name}={{\n{entries}{_INDENT}}}"


def _toml(text: str) -> Any:
    """Return the value that TOML has for a text; or the text, which TOML cannot read."""
    try:
        found = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return found["value"] if list(found) == ["value"] else text


def literal(value: Any) -> str:
    """Write a value as Starlark does."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        entries = (f"{quoted(key)}: {literal(each)}" for key, each in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, bool | int | float):
        return repr(value)
    return quoted(json.dumps(value, default=str))


def quoted(text: str) -> str:
    """Write a text in double quotes; what cannot be printed, as escapes."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\U{code:08x}" if code > _BMP else f"\\u{code:04x}"
