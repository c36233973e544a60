"""The plugins that apps may load."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from twisted.application.service import MultiService

from clace.composition.data import Data
from clace.composition.identity import Identities
from clace.config import FSPlugin, HTTPPlugin, StorePlugin
from clace.interfaces import Caller, IStarter
from clace.model import App, AppPath
from clace.plugins import package_plugins
from clace.plugins.builtin import (
    PROXY,
    ContainerCommands,
    Introspection,
    IntrospectionSources,
    container_plugin,
    process_plugin,
)
from clace.plugins.builtin.exec import ExecFunctions, ExecSettings
from clace.plugins.builtin.fs import FsFunctions, FsSettings
from clace.plugins.builtin.http import HTTPFunctions, HttpSettings, RequestsByOwner
from clace.plugins.builtin.store import (
    DocumentDatabase,
    StoreFunctions,
    StoreSettings,
    open_database,
)
from clace.plugins.gate import PluginGate, with_accounts
from clace.plugins.kit import Plugin, TempFiles
from clace.resolving import resolving
from clace.threads import ThreadPool
from clace.web.admin import recorded_operations

Urls = Callable[[AppPath], tuple[str, str]]
"""Where an app can be opened, over HTTP and HTTPS; empty for what is turned off."""


class Plugins:
    """All plugins behind their gate, with what they keep open."""

    def __init__(
        self,
        data: Data,
        identities: Identities,
        reactor: Any,
        file_threads: ThreadPool,
        starter: IStarter,
    ) -> None:
        self._data = data
        self.identities = identities
        self._config = data.config
        self._reactor = reactor
        self._in_thread = file_threads.run
        self.documents = MultiService()
        self._databases: dict[str, DocumentDatabase] = {}
        folder = data.config.home / "run" / "tmp"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.temp_files = TempFiles(str(folder), reactor, secrets.token_bytes, self._in_thread)
        search_path = ExecSettings(search_path=os.environ.get("PATH", os.defpath))
        self.programs = ExecFunctions(
            reactor, starter, search_path, self.temp_files, self._in_thread
        )
        self._requests = RequestsByOwner(reactor, resolving(reactor))
        self._urls: Urls = lambda address: ("", address.path)
        insight = IntrospectionSources(
            data.store,
            data.audit,
            self._may_use,
            self.url,
            reactor.seconds,
            self._config.security.app_default_auth_type,
            recorded_operations(),
        )
        self._introspection = Introspection(insight)
        self.plugins = tuple(self._make())
        self.gate = PluginGate(
            self.plugins,
            secrets=data.secrets,
            provider_of=lambda app: data.settings_of(app).security.default_secrets_provider,
        )

    def locate(self, urls: Urls) -> None:
        """Say where apps can be opened, as soon as that is known."""
        self._urls = urls

    def _make(self) -> Iterator[Plugin]:
        """Each plugin, and what it is for its accounts."""
        run = self.container_commands.function
        programs = (container_plugin(run), process_plugin(run))
        own = (*self._own(), *self._introspection.plugins, PROXY, *programs)
        yield from own
        taken = (plugin.name for plugin in own)
        others = self._config.plugin.others.items()
        yield from package_plugins(self._config.plugins.enabled, others, taken)

    @cached_property
    def container_commands(self) -> ContainerCommands:
        """Return what runs commands in containers, as soon as the programs of apps are known."""
        return ContainerCommands(self._reactor, self.temp_files, self._in_thread)

    def _own(self) -> Iterator[Plugin]:
        sections = self._config.plugin
        yield from with_accounts(
            lambda _: self.programs.plugin, sections.exec, sections.exec_accounts
        )
        yield from with_accounts(self._fs, sections.fs, sections.fs_accounts)
        yield from with_accounts(self._http, sections.http, sections.http_accounts)
        yield from with_accounts(self._store, sections.store, sections.store_accounts)

    def _may_use(self, app: App, caller: Caller) -> bool:
        return self.identities.access.is_listed(app, caller.user_id, caller.visitor)

    def url(self, address: AppPath) -> str:
        """HTTPS before HTTP."""
        plain, secure = self._urls(address)
        return secure or plain

    def _fs(self, _section: FSPlugin) -> Plugin:
        home = str(self._config.home)  # /tmp is open by default, and homes are made there too
        settings = FsSettings(file_access=self._folders_of, closed=(home,))
        return FsFunctions(settings, self.temp_files, self._in_thread).plugin

    def _folders_of(self, app: App) -> tuple[str, ...]:
        return tuple(map(str, self._data.settings_of(app).fs.file_access))

    def _http(self, section: HTTPPlugin) -> Plugin:
        settings = HttpSettings(allow=section.allow_hosts)
        return HTTPFunctions(self._reactor, settings, self._requests, secrets.token_bytes).plugin

    def _store(self, section: StorePlugin) -> Plugin:
        settings = StoreSettings(
            share_with_staging=section.share_with_staging, max_mb_per_app=section.max_mb_per_app
        )
        return StoreFunctions(settings, self._database(section.db_connection), self._reactor).plugin

    def _database(self, url: str) -> DocumentDatabase:
        """One for each place, whichever sections name it: who writes there takes turns."""
        found = self._databases.get(url)
        if found is None:
            found = self._databases[url] = open_database(url, self._reactor)
            found.setServiceParent(self.documents)
        return found
