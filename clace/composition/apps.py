"""The rooms of apps: their sources, the runtime, and the operations of operators."""

from __future__ import annotations

import os
import secrets
import string
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from msgspec.structs import asdict
from twisted.logger import Logger

from clace.admin_api import ServerStatus
from clace.backups import Backups
from clace.composition.backups import make_backups
from clace.composition.data import Data
from clace.composition.elsewhere import wants_certificate
from clace.composition.plugins import Plugins
from clace.composition.programs import Programs
from clace.composition.syncs import Background, Syncs
from clace.composition.webhooks import WebhookGate, Webhooks
from clace.config import AppLimits, Config, known_names, node_values, values_with_secrets
from clace.environments import Specs
from clace.errors import InvalidPath
from clace.interfaces import IInstalledApps, IStarter, IWorkloads
from clace.model import App, AppPath
from clace.operations import (
    SYNC_TARGET,
    Administration,
    AppCreation,
    AppFacts,
    AppOperations,
    AppReloading,
    ApprovalWithdrawal,
    AppShowing,
    AuditOperations,
    BackupOperations,
    ConfiguredSections,
    DeclarationFiles,
    DeclarationOperations,
    ExportOperations,
    HistoryOperations,
    KnownApps,
    LockoutOperations,
    NewAppDefaults,
    NewAppFacts,
    OperationRooms,
    PreviewExpiry,
    PreviewOperations,
    ProgramOperations,
    RoleOperations,
    SecretOperations,
    SendingOperations,
    ServerOperations,
    SessionOperations,
    SettingOperations,
    StagingPlaces,
    TokenOperations,
    UserOperations,
    VersionOperations,
    VersionRetention,
    served_files,
    stamps,
)
from clace.runtime import (
    AppFailures,
    HostLimits,
    InstalledApps,
    NodeEnvironment,
    Runtime,
    RuntimeLimits,
)
from clace.runtime.hosts import HostSupply, demanded_walls, warnings
from clace.sources import (
    FolderSource,
    GitLogin,
    GitOptions,
    GitSource,
    GitSurroundings,
    SentSources,
    Sources,
)
from clace.threads import ThreadPool
from clace.units import MEBIBYTE

log = Logger()
Urls = Callable[[AppPath], tuple[str, str]]
SUFFIX = 8
INVITATION = "_clace/auth/invite"


class Apps:
    """Sources, hosts and operations, over the data and the plugins."""

    def __init__(
        self,
        data: Data,
        plugins: Plugins,
        reactor: Any,
        file_threads: ThreadPool,
        starter: IStarter,
        version: str,
        hosts: HostSupply,
    ) -> None:
        self._data = data
        self._plugins = plugins
        self._config = data.config
        self._reactor = reactor
        self._file_threads = file_threads
        self.version = version
        self._hosts = hosts
        self.git = self._make_git(starter)
        folder = FolderSource(file_threads.run, self._config.home, Path.home())
        self.sources = Sources(folder, self.git)
        self.specs = Specs()
        self.installed = InstalledApps(
            self._config.system.default_domain,
            fallback=self._config.system.fallback_unknown_domains,
            closed=(plugins.identities.login_host,),
        )
        data.authorisation.know_owners(self._owner_of)
        self.failures = AppFailures(reactor)
        self.retention = VersionRetention(
            data.store, lambda app: data.settings_of(app).fs.retain_versions
        )
        self.runtime = self._make_runtime()
        self.programs = self._make_programs(starter)
        self.workloads: IWorkloads = self.programs.workloads
        self.runtime.tell_withdrawals(ApprovalWithdrawal(data.store, self.installed, data.events))
        self._rooms = self._make_rooms()
        self.backup_threads = ThreadPool(reactor, "backup", patient=True)
        self.preview_expiry = PreviewExpiry(self._rooms, reactor, data.events)

    @cached_property
    def sent(self) -> SentSources:
        """Sources that clients send."""
        return sent_sources(self._config, self._file_threads, self._reactor)

    def find(self) -> None:
        """Know the installed apps; blocks, and is for the time before the reactor runs."""
        apps = self._data.store.apps_at_start()
        self.syncs.operations.find()
        self.installed.replace(apps)
        login = self._plugins.identities.login_host
        for app in apps:
            if app.domain.lower().rstrip(".") == login and not app.main_app:
                log.warn(  # noqa: G010 - Twisted's name for it
                    "App {app} is not served: people sign in on {host}", app=str(app), host=login
                )

    def _owner_of(self, target: str) -> str:
        if target.startswith(SYNC_TARGET):
            return self.syncs.operations.owner_of(target)
        return owner_of(self.installed, target)

    def missing_walls(self) -> tuple[str, ...]:
        """Return a warning of each wall around apps that does not stand here; blocks as ``find``.

        :raises ClaceError: if one that has to stand is among them, or no app can be run at all.
        """
        return warnings(self._hosts.try_out(), demanded_walls(self._config.security.sandbox))

    def administration(self, urls: Urls) -> Administration:
        """Make the operations; ``urls`` says where a new app can be opened."""
        rooms = self._rooms
        secret_operations = SecretOperations(self._data.stored_secrets, name_suffix)
        known = KnownApps(secret_operations.versions)
        configured = self._configured()
        facts = AppFacts(urls, self._limits_of, self.failures, self.programs.control.status)
        reloading = AppReloading(rooms, known, configured)
        beginnings = self._beginnings(urls)
        creation = AppCreation(rooms, known, beginnings, configured)
        files = DeclarationFiles(self.sources, self.runtime, self._config.system.default_domain)
        declarations = DeclarationOperations(rooms, creation, reloading, configured, files)
        self.background = Background(self._data, self._reactor)
        gate = WebhookGate(self._data, self.background, urls)
        self.syncs = Syncs(self._data, self.background, declarations, gate.making, gate.calls)
        versions = VersionOperations(rooms, reloading)
        self.webhooks = Webhooks(
            self._data, rooms, versions, self.background, gate, self.syncs.runs
        )
        self._plugins.identities.routes.serve_too(self.webhooks.steps)
        return Administration(
            self._data.authorisation,
            AppOperations(rooms, creation, AppShowing(rooms, facts)),
            versions,
            ProgramOperations(rooms, self.programs.control, self._reactor),
            HistoryOperations(rooms),
            PreviewOperations(rooms, beginnings.stamp, urls),
            declarations,
            self.syncs.operations,
            ExportOperations(rooms, beginnings.defaults),
            self.webhooks.operations,
            SettingOperations(rooms, configured),
            SendingOperations(rooms, self.sent, self._config.system.default_domain),
            secret_operations,
            *self._server_nouns(urls),
        )

    def _server_nouns(self, urls: Urls) -> Iterator[object]:
        """Yield the operations that are about the server as a whole."""
        yield UserOperations(
            self._data.people.users,
            self._data.people.factors,
            self._data.tokens,
            partial(self._invitation, urls),
            lambda: self._data.account.user_id,
            self._data.store.apps,
        )
        yield LockoutOperations(self._data.sign_ins.lockout)
        check_user = self._plugins.identities.check_user
        yield SessionOperations(self._plugins.identities.sessions, check_user)
        rights = self._data.authorisation
        yield TokenOperations(self._data.tokens, rights, self._reactor.seconds)
        yield RoleOperations(rights, self.installed, self._data.groups_of, check_user)
        yield BackupOperations(self._backups())
        yield AuditOperations(self._data.audit, self._data.audit, self._data.store.apps)
        stop = partial(self._reactor.callLater, 0, self._reactor.stop)
        yield ServerOperations(self._status, stop)

    def _invitation(self, urls: Urls, token: str) -> str:
        """Return the URL at which the secret of an invitation is used."""
        found = urls(AppPath("/", self._plugins.identities.login_host))
        return f"{next(filter(None, reversed(found)), '/')}{INVITATION}?token={token}"

    def _beginnings(self, urls: Urls) -> NewAppFacts:
        security = self._config.security
        return NewAppFacts(
            defaults=NewAppDefaults(
                domain=self._config.system.default_domain,
                places=StagingPlaces(
                    stage_at=self._config.system.stage_at,
                    stage_domain=self._config.system.default_stage_domain,
                    default_domain=self._config.system.default_domain,
                ),
                stage_write_access=security.stage_enable_write_access,
                preview_write_access=security.preview_enable_write_access,
            ),
            stamp=stamps(self._reactor.seconds, secrets.token_bytes),
            urls=urls,
        )

    def _backups(self) -> Backups:
        return make_backups(
            self._data, self.installed, self.backup_threads, self._reactor, self.version
        )

    def _configured(self) -> ConfiguredSections:
        return ConfiguredSections(
            plugins=frozenset(plugin.name for plugin in self._plugins.plugins),
            git_auths=self._config.git_auth.keys(),
            app_settings=self._data.app_configs.names,
            check_config=self._data.app_configs.of,
            check_auth=self._plugins.identities.auth.check,
            check_user=self._plugins.identities.check_user,
            auth_in_effect=self._plugins.identities.auth.in_effect,
            refuses_shared_hosts=self._config.security.shared_host == "refuse",
            closed_hosts=(self._plugins.identities.login_host,),
            needs_own_host=partial(wants_certificate, self._plugins.identities.auth),
        )

    def _limits_of(self, app: App) -> dict[str, int]:
        return asdict(self._data.settings_of(app).sandbox)

    def _status(self) -> ServerStatus:
        reached = dict(self.runtime.limits_reached)
        return ServerStatus(pid=os.getpid(), version=self.version, limits=reached)

    def _make_rooms(self) -> OperationRooms:
        return OperationRooms(
            self._data.store,
            self.sources,
            self.specs,
            self.runtime,
            self.installed,
            self.programs.data_of_apps(),
            self._committed,
        )

    def _committed(self, apps: Iterable[App]) -> None:
        """Note versions to remove, and close open requests that the apps would not admit now."""
        self.retention.note(apps)
        self._plugins.identities.apps_changed(apps)

    def _make_programs(self, starter: IStarter) -> Programs:
        """Make the programs of apps, which the runtime starts and ``container.run`` uses."""
        tokens = self._plugins.identities.app_tokens
        programs = Programs(self._data, self._reactor, self._file_threads, starter, tokens)
        self.runtime.run_programs(programs.workloads)
        self._plugins.container_commands.programs = programs.control
        return programs

    def _make_runtime(self) -> Runtime:
        return Runtime(
            self._reactor,
            self._hosts,
            self._limits(),
            self._plugins.gate,
            self._data.audit,
            partial(served_files, store=self._data.store, sources=self.sources, specs=self.specs),
            self._environment(),
        )

    def _limits(self) -> RuntimeLimits:
        return RuntimeLimits(
            of=lambda app: host_limits(self._data.settings_of(app).sandbox),
            hosts=self._config.sandbox.max_hosts,
            waiting_mb=self._config.http.limits.max_waiting_answers_mb,
            watch_seconds=self._config.system.file_watcher_debounce_millis / 1000,
        )

    def _environment(self) -> NodeEnvironment:
        values = node_values(self._config, os.environ)
        resolved = self._data.secrets.resolved
        known = known_names(self._config, os.environ)
        allowed = self._config.system.allowed_env
        return NodeEnvironment(
            node_config=values_with_secrets(self._config, values, ("node_config",), resolved),
            env={name: known[name] for name in allowed if name in known},
            url=self._plugins.url,
        )

    def _make_git(self, starter: IStarter) -> GitSource:
        auths = tuple(
            GitLogin(
                name=name,
                user_id=entry.user_id,
                key_file_path=str(entry.key_file_path or ""),
                private_key=entry.private_key,
                agent_socket=str(entry.agent_socket or ""),
                known_hosts=str(entry.known_hosts_path or ""),
                password=entry.password,
                reveal=self._data.secrets.resolved,
            )
            for name, entry in self._config.git_auth.items()
        )
        options = GitOptions(
            auths=auths,
            default_auth=self._config.security.default_git_auth,
            around=GitSurroundings(
                environment=surroundings(), config=self._config.system.git_config
            ),
            seconds=self._config.system.git_operation_timeout_secs,
            kept=self._config.system.git_cache_mb * MEBIBYTE,
            head_seconds=self._config.system.git_remote_check_interval_secs,
        )
        folder = self._config.home / "run" / "git"
        return GitSource(self._reactor, starter, self._file_threads.run, folder, options)


def sent_sources(config: Config, file_threads: ThreadPool, reactor: Any) -> SentSources:
    """Return the sources that clients send, which are kept below ``sources`` in the home."""
    return SentSources(
        config.home / "sources",
        config.home / "run" / "arriving",
        file_threads.run,
        reactor.seconds,
        partial(secrets.token_hex, 16),
    )


def owner_of(installed: IInstalledApps, target: str) -> str:
    """Return who made the app at an address; an empty text if no app is there."""
    try:
        app = installed.at(AppPath.parse(target))
    except InvalidPath:
        return ""
    return app.user_id if app else ""


def host_limits(configured: AppLimits) -> HostLimits:
    return HostLimits(
        memory_mb=configured.memory_mb,
        requests=configured.max_waiting,
        request_seconds=configured.request_timeout_secs,
        start_seconds=configured.start_timeout_secs,
        waiting_seconds=configured.max_wait_secs,
        response_mb=configured.max_response_mb,
        plugin_calls=configured.max_plugin_calls,
        log_lines=configured.max_log_lines,
        cpu_seconds=configured.max_cpu_secs,
        idle_seconds=configured.idle_secs,
    )


def surroundings() -> dict[str, str]:
    """Return git's part of our environment: where programs are, and the proxies of this network."""
    proxies = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")
    names = ("PATH", *proxies, *map(str.upper, proxies))
    return {"PATH": os.defpath, **{name: os.environ[name] for name in names if name in os.environ}}


def name_suffix() -> str:
    """Return a random suffix that makes the name of a secret unique."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(SUFFIX))
