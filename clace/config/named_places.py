"""Programs, sockets and folders that a configuration names, looked for on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from clace.config.loading import Config
from clace.config.places import Steps, place_text
from clace.model import AUTO, TLS_BY_NAME, layers

_ENGINE = ("system", "container_command")
_SQLITE = "sqlite:"
_ALLOWED = (("security", "allowed_mounts"), ("app_config", "fs", "file_access"))


def unusable(config: Config, source: str, path: str) -> Iterator[str]:
    """Yield a problem for each program, socket or folder that the server could not use.

    ``path`` has the folders in which programs are. Folders that the server makes may be missing.
    """
    for at, told in (*_programs(config, path), *_sockets(config), *_folders(config)):
        yield f"{source}: {place_text(at)}: {told}"


def missing_folders(config: Config, source: str) -> Iterator[str]:
    """Yield a warning for each folder that apps may use by a key that is set, and that is missing:
    it may be made later.
    """
    found = (config.security.allowed_mounts, config.app_config.fs.file_access)
    for at, folders in zip(_ALLOWED, found, strict=True):
        for folder in folders if at in config.origins else ():
            if not folder.is_dir():
                yield f"{source}: {place_text(at)}: there is no folder {folder}"


def _programs(config: Config, path: str) -> Iterator[tuple[Steps, str]]:
    command = config.system.container_command
    if command not in {"", AUTO} and shutil.which(command, path=path) is None:
        yield _ENGINE, f"there is no program {command}"


def _sockets(config: Config) -> Iterator[tuple[Steps, str]]:
    for name, login in config.git_auth.items():
        if login.agent_socket and not login.agent_socket.is_socket():
            yield ("git_auth", name, "agent_socket"), f"there is no socket {login.agent_socket}"


def _folders(config: Config) -> Iterator[tuple[Steps, str]]:
    for place in config.python.find_links:
        if "://" not in place and not Path(place).is_dir():
            yield ("python", "find_links"), f"there is no folder {place}"
    for at, made in _made(config):
        if (file := _in_the_way(made)) is not None:
            about = "" if file == made else f"{made} cannot be made: "
            yield at, f"{about}{file} is no folder"
    for at, database in _databases(config):
        if database.is_dir():
            yield at, f"{database} is a folder, and no database"


def _made(config: Config) -> Iterator[tuple[Steps, Path]]:
    """Yield the folders that the server makes."""
    yield ("https", "cert_location"), config.https.cert_location
    if config.socket is not None:
        yield ("server_uri",), config.socket.parent
    for at, database in _databases(config):
        yield at, database.parent
    for number, entry in enumerate(config.listen, 1):
        for layer in layers(entry.endpoint):
            socket = layer.value("address", 0) if layer.prefix == "unix" else ""
            folder = layer.arguments[0] if layer.prefix == TLS_BY_NAME else ""
            if socket or folder:
                made = Path(folder) if folder else Path(socket or "").parent
                yield ("listen", str(number), "endpoint"), made


def _databases(config: Config) -> Iterator[tuple[Steps, Path]]:
    """Yield the files of databases; others are reached over a network, or by a secret."""
    plugin = config.plugin
    accounts = {f"store.in#{name}": store for name, store in plugin.store_accounts.items()}
    stores = {"store.in": plugin.store, **accounts}.items()
    named: list[tuple[Steps, str]] = [
        (("metadata", "db_connection"), config.metadata.db_connection),
        (("metadata", "audit_db_connection"), config.metadata.audit_db_connection),
        *((("plugin", name, "db_connection"), store.db_connection) for name, store in stores),
    ]
    for at, url in named:
        if url.startswith(_SQLITE):
            yield at, Path(url.removeprefix(_SQLITE))


def _in_the_way(folder: Path) -> Path | None:
    """Return what stands where the folder, or one above it, would have to be."""
    for place in (folder, *folder.parents):
        if os.path.lexists(place):
            return None if place.is_dir() else place
    return None
