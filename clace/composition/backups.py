"""The sources of backups: everything that a server has files of."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clace.backups import Backups, BackupSources, open_backups
from clace.composition.data import Data
from clace.config import Config, plain_secrets
from clace.database import sqlite_path
from clace.errors import AppBroken
from clace.interfaces import IInstalledApps
from clace.model import AppGlob
from clace.threads import ThreadPool

_SQLITE = "sqlite:"
_ALL = AppGlob.parse("all")


def make_backups(
    data: Data, installed: IInstalledApps, threads: ThreadPool, reactor: Any, version: str
) -> Backups:
    """Make what backs the server up, in threads of its own, of which there is one."""
    config = data.config
    stores = dict(_stores(config))
    databases = {
        "metadata": sqlite_path(config.metadata.db_connection),
        "audit": sqlite_path(config.metadata.audit_db_connection),
        **{name: sqlite_path(url) for name, url in stores.items() if url.startswith(_SQLITE)},
    }
    sources = BackupSources(
        home=config.home,
        version=version,
        config_file=config.file,
        secrets=tuple(
            at
            for at in plain_secrets(data.written)
            if (origin := config.origins.get(at)) and origin.kind == "file"
        ),
        databases=databases,
        postgres={name: url for name, url in stores.items() if not url.startswith(_SQLITE)},
        folders=lambda: sorted(set(_folders(data, installed))),
        seconds=reactor.seconds,
        random=secrets.token_bytes,
    )
    return open_backups(sources, threads.run)


def _stores(config: Config) -> Iterator[tuple[str, str]]:
    """The databases of documents, each once."""
    sections = {"store": config.plugin.store}
    sections |= {f"store-{name}": each for name, each in config.plugin.store_accounts.items()}
    urls: set[str] = set()
    for name, section in sections.items():
        if section.db_connection not in urls:
            urls.add(section.db_connection)
            yield name, section.db_connection


def _folders(data: Data, installed: IInstalledApps) -> Iterator[Path]:
    """The folders that apps may use by ``fs.in``, but for those of temporary files."""
    temporary = {Path(tempfile.gettempdir()), Path("/tmp")}  # noqa: S108 - it is left out
    for each in (data.config.app_config.fs.file_access, *_own_folders(data, installed)):
        yield from (folder for folder in each if folder not in temporary and folder.is_dir())


def _own_folders(data: Data, installed: IInstalledApps) -> Iterator[tuple[Path, ...]]:
    for app in installed.matching(_ALL):
        try:
            yield data.settings_of(app).fs.file_access
        except AppBroken:
            continue
