"""The load of a host: the files it reads, and what was approved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from clace.errors import AppBroken
from clace.frames import MAX_FRAME
from clace.interfaces import IFiles
from clace.model import App, AppPath, FileRef, PluginManifest
from clace.runtime.limits import HostLimits
from clace.wire import LoadApp

APP_FILE = "app.star"
STATIC = "static/"
STATIC_ROOT = "static_root/"
_PROGRAMS = (".star", "config_gen.lock")
_TEXTS = (*_PROGRAMS, ".html", ".tmpl", ".gohtml")
_STATIC_ONLY = b"static_only"


def nowhere(_address: AppPath) -> str:
    """Return no URL, for a server that does not know where it listens."""
    return ""


class NodeEnvironment(Struct, frozen=True, kw_only=True):
    """Facts of the server that every app may know; ``url`` says where an app can be opened."""

    node_config: dict[str, Any] = {}
    env: dict[str, str] = {}
    url: Callable[[AppPath], str] = nowhere


async def pack_load(
    app: App,
    files: IFiles,
    plugins: tuple[PluginManifest, ...],
    environment: NodeEnvironment,
    limits: HostLimits,
    *,
    programs_only: bool = False,
) -> LoadApp:
    """The first frame for a host of this app; with ``programs_only`` without its templates.

    :raises AppBroken: if ``app.star`` is missing, or its texts are too large.
    :raises SourceError: if a file cannot be read.
    """
    texts = _PROGRAMS if programs_only else _TEXTS
    names = [name for name in files.refs if _is_text(name, texts)]
    if APP_FILE not in names:
        raise AppBroken(f"error reading {APP_FILE} file: no such file")
    if sum(files.refs[name].size for name in names) > MAX_FRAME // 2:
        raise AppBroken("the texts of the app are too large")
    branch = app.metadata.version_metadata.git_branch
    told = {"_branch": branch, "_app_url": environment.url(app.address)}
    known = {"_dev": app.is_dev, **{name: value for name, value in told.items() if value}}
    return LoadApp(
        sources={name: await files.read(name) for name in names},
        static=tuple(static_refs(files)),
        app_path="" if app.path == "/" else app.path,
        is_dev=app.is_dev,
        loads=app.metadata.loads,
        params=app.metadata.param_values,
        plugins=plugins,
        node_config={**environment.node_config, **known},
        env=environment.env,
        load_seconds=limits.start_seconds,
        request_seconds=limits.request_seconds,
    )


def static_refs(files: IFiles) -> list[FileRef]:
    """The files below ``static/``, named from there."""
    return [
        FileRef(name.removeprefix(STATIC), ref.sha256, ref.size)
        for name, ref in files.refs.items()
        if name.startswith(STATIC)
    ]


async def may_be_static(files: IFiles) -> bool:
    """Return true if the app may turn out to serve all its files as they are: its pages, of which
    it can have very many, are then no templates that its host needs.

    :raises SourceError: if ``app.star`` cannot be read.
    """
    return APP_FILE in files.refs and _STATIC_ONLY in await files.read(APP_FILE)


def _is_text(name: str, texts: tuple[str, ...]) -> bool:
    return name.endswith(texts) and not name.startswith((STATIC, STATIC_ROOT))
