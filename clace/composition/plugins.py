"""The plugins that apps may load."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import Any

from twisted.application.service import MultiService

from clace.composition.data import Data
from clace.config.sections import FSPlugin, HTTPPlugin, StorePlugin
from clace.plugins.accounts import with_accounts
from clace.plugins.definition import Plugin
from clace.plugins.exec.plugin import Exec, ExecSettings
from clace.plugins.fs.plugin import Fs, FsSettings
from clace.plugins.gate import Gate
from clace.plugins.http.plugin import Http, HttpSettings
from clace.plugins.store.database import open_database
from clace.plugins.store.plugin import Store, StoreSettings
from clace.plugins.temp_files import TempFiles
from clace.threads import Threads


class Plugins:
    """All plugins behind their gate, with what they keep open."""

    def __init__(self, data: Data, reactor: Any, file_threads: Threads) -> None:
        self._config = data.config
        self._reactor = reactor
        self._in_thread = file_threads.run
        self.documents = MultiService()
        folder = data.config.home / "run" / "tmp"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.temp_files = TempFiles(str(folder), reactor, secrets.token_bytes, self._in_thread)
        search_path = ExecSettings(search_path=os.environ.get("PATH", os.defpath))
        self.programs = Exec(reactor, search_path, self.temp_files, self._in_thread)
        self.plugins = tuple(self._make())
        self.gate = Gate(self.plugins, secrets=data.secrets, holds=data.account.holds)

    def _make(self) -> Iterator[Plugin]:
        """Each plugin, and what it is for its accounts."""
        sections = self._config.plugin
        yield from with_accounts(
            lambda _: self.programs.plugin, sections.exec, sections.exec_accounts
        )
        yield from with_accounts(self._fs, sections.fs, sections.fs_accounts)
        yield from with_accounts(self._http, sections.http, sections.http_accounts)
        yield from with_accounts(self._store, sections.store, sections.store_accounts)

    def _fs(self, _section: FSPlugin) -> Plugin:
        folders = tuple(map(str, self._config.app_config.fs.file_access))
        return Fs(FsSettings(file_access=folders), self.temp_files, self._in_thread).plugin

    def _http(self, section: HTTPPlugin) -> Plugin:
        settings = HttpSettings(allow=section.allow_hosts)
        return Http(self._reactor, settings, secrets.token_bytes).plugin

    def _store(self, section: StorePlugin) -> Plugin:
        database = open_database(section.db_connection, self._reactor)
        database.setServiceParent(self.documents)
        settings = StoreSettings(share_with_staging=section.share_with_staging)
        return Store(settings, database, self._reactor).plugin
