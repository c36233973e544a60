"""Options and ``makeService``: the only module that knows all the others."""

from __future__ import annotations

import os
import secrets
import socket
import string
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from msgspec import to_builtins
from msgspec.structs import asdict
from twisted.application.service import IService, MultiService
from twisted.logger import Logger, globalLogPublisher
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError
from twisted.web.resource import IResource

from clace.audit.log import open_audit
from clace.audit.retention import Retention
from clace.auth.account import AdminAccount
from clace.config import Config, find, load, node_values, values_with_secrets, with_secrets
from clace.config.sections import FSPlugin, HTTPPlugin, StorePlugin
from clace.database.schema import UpgradeOptions
from clace.errors import ClaceError
from clace.interfaces import IFiles
from clace.listeners.defaults import (
    DefaultListeners,
    Listener,
    Serve,
    default_listeners,
    has_dual_stack,
)
from clace.listeners.services import Listeners
from clace.log_files import RotatingFile
from clace.logs import LogOptions, Logs, make_logs
from clace.metadata.secret_rows import open_secret_rows
from clace.metadata.store import open_store
from clace.model.app import App
from clace.model.paths import AppGlob, AppPath
from clace.model.results import ServerStatus
from clace.operations.administration import Administration, ServerProcess
from clace.operations.creation import Creation, Defaults, stamps
from clace.operations.secrets import SecretOperations
from clace.passwords import hash_password, random_password
from clace.plugins.accounts import with_accounts
from clace.plugins.definition import Plugin
from clace.plugins.exec.plugin import Exec, ExecSettings
from clace.plugins.fs.plugin import Fs, FsSettings
from clace.plugins.gate import Gate
from clace.plugins.http.plugin import Http, HttpSettings
from clace.plugins.store.database import open_database
from clace.plugins.store.plugin import Store, StoreSettings
from clace.plugins.temp_files import TempFiles
from clace.runtime.hosts import ProcessHosts
from clace.runtime.installed import InstalledApps
from clace.runtime.limits import HostLimits
from clace.runtime.packing import Knowledge
from clace.runtime.probe import Probe
from clace.runtime.program import program_for
from clace.runtime.runtime import Runtime
from clace.secrets.opening import open_providers
from clace.secrets.opening import open_store as open_stored
from clace.secrets.providers import ProviderOptions
from clace.secrets.stored import Surroundings
from clace.service import AtStart, InOrder, OnStop, Signals, WhenRunning, settle_memory
from clace.sources.folder import FolderSource
from clace.sources.git import GitOptions, GitSource
from clace.sources.git_auth import GitAuth
from clace.sources.sources import Sources
from clace.threads import InThread, Threads
from clace.web.access import AccessEntry, AccessLog
from clace.web.admin import AdminAPI, Guard, trusted
from clace.web.admin_guard import AdminGuard
from clace.web.app_access import AppAccess
from clace.web.apps import AppEdge, AppsResource
from clace.web.cors import Sharing
from clace.web.downloads import Downloads
from clace.web.forwarded import TrustedProxies
from clace.web.https_only import HTTPSOnly
from clace.web.limits import Limits
from clace.web.root import Root
from clace.web.site import Site
from clace.web.trail import Trail, TrailOptions

VERSION = version("clace")
MEBIBYTE = 1024 * 1024
log = Logger()


class Options(UsageOptions):
    """What ``twistd clace`` takes; twistd's own options come before the word."""

    optParameters = (("config", "c", None, "The configuration file."),)
    longdesc = "The configuration is CL_CONFIG_FILE or $CL_HOME/clace.toml unless it is named."

    def __init__(self) -> None:
        super().__init__()
        self.flags: dict[str, str] = {}

    def opt_set(self, assignment: str) -> None:
        """A key and value that go before the file's, such as http.port=0; may be repeated."""
        key, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set takes KEY=VALUE, not {assignment}")
        self.flags[key] = value


def makeService(options: Options) -> IService:
    """The server as configured, its listeners open; what is wrong ends the process in one line."""
    from twisted.internet import reactor  # noqa: PLC0415 - the one place that may

    os.umask(0o077)
    try:
        streams = (sys.__stdout__ or sys.stdout, sys.__stderr__ or sys.stderr)
        return Composition(partial(read_config, options), reactor, *streams).parts()
    except ClaceError as error:
        raise SystemExit(f"error: {error.message}") from error


def read_config(options: Options) -> Config:
    """:raises ConfigError: there is none that can be used."""
    location = find(options["config"], os.environ, program=Path(sys.argv[0]).resolve())
    return load(location, os.environ, options.flags)


def serves(written: str) -> Serve:
    return "admin" if written == "admin" else "apps"


def surroundings() -> dict[str, str]:
    """What git sees of our environment: where programs are, and the proxies of this network."""
    proxies = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")
    names = ("PATH", *proxies, *map(str.upper, proxies))
    return {"PATH": os.defpath, **{name: os.environ[name] for name in names if name in os.environ}}


def new_id() -> str:
    """An id for a request, and for an incident if it comes to that."""
    return f"rid_{secrets.token_hex(10)}"


def name_suffix() -> str:
    """What makes the name of a secret one that nobody has."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))


class Composition:
    """Which class fills which seam, and which part of the configuration it is handed.

    :raises ClaceError: the server cannot start as it is configured.
    """

    def __init__(
        self, read: Callable[[], Config], reactor: Any, stdout: TextIO, stderr: TextIO
    ) -> None:
        self.read = read
        self.config = read()
        self.reactor = reactor
        self.stdout = stdout
        self.password = ""
        self.stderr = stderr
        self.program = program_for(self.config.sandbox, self.config.security.sandbox)
        self.probe = Probe(self.program)
        self.make_floor_2()
        self.make_floor_3()
        self.make_floor_4()

    def make_floor_2(self) -> None:
        self.logs = self.make_logs()
        upgrades = UpgradeOptions(
            auto_upgrade=self.config.metadata.auto_upgrade,
            ignore_higher_version=self.config.metadata.ignore_higher_version,
        )
        self.make_metadata(upgrades)
        config, reactor = self.config, self.reactor
        self.file_threads = Threads(reactor, "files", 8)
        self.password_threads = Threads(reactor, "passwords", 2)
        retention = Retention(
            http_days=config.system.http_event_retention_days,
            other_days=config.system.non_http_event_retention_days,
        )
        audit_url = config.metadata.audit_db_connection
        self.audit = open_audit(audit_url, upgrades, retention, reactor)
        self.documents = MultiService()
        self.account = AdminAccount(
            config.admin_user, self.password_hash(), reactor, self.password_threads.run
        )
        self.git = self.make_git()
        folder = FolderSource(self.file_threads.run, config.home, Path.home())
        self.sources = Sources(folder, self.git)
        self.temp_files = TempFiles(
            self.private_folder("tmp"), reactor, secrets.token_bytes, self.file_threads.run
        )
        search_path = ExecSettings(search_path=os.environ.get("PATH", os.defpath))
        self.programs = Exec(reactor, search_path, self.temp_files, self.file_threads.run)
        self.installed = InstalledApps(config.system.default_domain)
        self.plugins = tuple(self.make_plugins())
        gate = Gate(self.plugins, secrets=self.secrets, holds=self.account.holds)
        self.runtime = self.make_runtime(gate)
        self.secret_rows.close()  # a process that forks must not hand connections down

    def make_floor_3(self) -> None:
        security, system = self.config.security, self.config.system
        defaults = Defaults(
            domain=system.default_domain,
            git_auth=security.default_git_auth,
            stage_write_access=security.stage_enable_write_access,
        )
        rooms = (self.store, self.sources, self.runtime, self.installed)
        creation = Creation(
            *rooms,
            defaults=defaults,
            stamp=stamps(self.reactor.seconds, secrets.token_bytes),
            urls=self.urls,
        )
        self.administration = Administration(
            *rooms,
            creation=creation,
            secrets=SecretOperations(self.stored_secrets, name_suffix),
            server=ServerProcess(
                status=lambda: ServerStatus(pid=os.getpid(), version=VERSION),
                stop=partial(self.reactor.callLater, 0, self.reactor.stop),
                plugins=frozenset(plugin.name for plugin in self.plugins),
            ),
        )

    def make_floor_4(self) -> None:
        security = self.config.security
        self.proxies = TrustedProxies(security.trusted_proxies)
        self.access_log, self.access = self.make_access_log()
        guard = AdminGuard(self.account, self.proxies, self.own_names())
        over_tcp = self.make_admin(guard) if security.admin_over_tcp else None
        self.admin_site = self.make_site(Root(self.make_admin(trusted), None))
        root: IResource = Root(over_tcp, self.make_apps())
        if self.config.http.redirect_to_https:
            root = HTTPSOnly(root, self.proxies, self.https_place)
        self.app_site = self.make_site(root)
        self.listeners = self.make_listeners()

    def parts(self) -> IService:
        """What starts, in order; it stops in the reverse."""
        drain = self.config.restart.drain_timeout_secs
        parts = InOrder()
        for part in (
            self.logs,
            self.file_threads,
            self.password_threads,
            self.store,
            self.secret_rows,
            self.secret_threads,
            self.audit,
            self.documents,
            self.git,
            OnStop(self.temp_files.stop),
            OnStop(self.programs.stop),
            self.runtime,
            self.access_log,
            OnStop(partial(self.admin_site.drain, drain)),
            OnStop(partial(self.app_site.drain, drain)),
            self.listeners,
            Signals(self.reactor, self.reactor.stop, self.read_again),
            AtStart(lambda: self.installed.replace(self.store.apps_at_start())),
            WhenRunning(self.reactor, self.begin),
        ):
            part.setServiceParent(parts)
        self.probe.check()
        self.listeners.open()
        if self.password:
            print(f"Admin user    : {self.config.admin_user}", file=self.stdout)
            print(f"Admin password: {self.password}", file=self.stdout, flush=True)
        for address in self.listeners.addresses():
            if address.scheme != "unix":
                self.tell(f"Server listening on {address.url}")
        return parts

    # What happens while it runs.

    def begin(self) -> None:
        settle_memory()
        if self.stored_secrets.problem:
            log.error("The {problem}", problem=self.stored_secrets.problem)
        self.tell("Server ready")

    def read_again(self) -> None:
        """Let a changed password hold; a file that cannot be used changes nothing."""
        try:
            config = self.read()
        except ClaceError as error:
            log.warn("The configuration cannot be used: {reason}", reason=error.message)  # noqa: G010 - Twisted's
            return
        if config.security.admin_password_bcrypt:
            self.account.replace(config.admin_user, config.security.admin_password_bcrypt)
        log.info("The configuration was read again; the admin account is as it says")

    def tell(self, line: str) -> None:
        print(line, file=self.stderr, flush=True)

    # The parts, each with its part of the configuration.

    def make_metadata(self, upgrades: UpgradeOptions) -> None:
        """The store and the secrets, which need each other: secrets name the database, and it
        holds some. From now on the configuration has values in the place of their names.
        """
        sections = {
            name: ProviderOptions(**asdict(section)) for name, section in self.config.secret.items()
        }
        self.secret_threads = MultiService()
        default = self.config.app_config.security.default_secrets_provider
        self.secrets = open_providers(default, sections, os.environ, self.threads_for_secrets)
        self.fill("metadata")
        url = self.config.metadata.db_connection
        self.store = open_store(url, upgrades, self.reactor)
        self.secret_rows = open_secret_rows(url)
        around = Surroundings(
            self.threads_for_secrets("store"), self.reactor.seconds, secrets.token_bytes
        )
        self.stored_secrets = open_stored(
            self.secrets, sections, self.secret_rows, self.config.home, around
        )
        if self.stored_secrets.problem:
            self.tell(f"warning: {self.stored_secrets.problem}")
        self.fill("plugin")

    def threads_for_secrets(self, name: str) -> InThread:
        threads = Threads(self.reactor, f"secrets-{name}", 4)
        threads.setServiceParent(self.secret_threads)
        return threads.run

    def fill(self, section: str) -> None:
        """Put secrets in the place of their names."""
        self.config = with_secrets(self.config, section, os.environ, self.secrets.resolved)

    def private_folder(self, name: str) -> str:
        """A folder for files of this run, which only we may look into."""
        folder = self.config.home / "run" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(folder)

    def make_logs(self) -> Logs:
        logging = self.config.logging
        for warning in self.config.warnings:
            self.tell(f"warning: {warning}")
        options = LogOptions(
            folder=self.config.home / "logs",
            level=logging.level,
            file=logging.file,
            console=logging.console,
            max_bytes=logging.max_size_mb * MEBIBYTE,
            backups=logging.max_backups,
        )
        return make_logs(options, globalLogPublisher, self.stderr)

    def password_hash(self) -> str:
        """The configured hash, or that of a password for this run, told once it listens."""
        security = self.config.security
        if security.admin_password_bcrypt or not self.config.admin_user:
            return security.admin_password_bcrypt
        self.password = random_password()
        return hash_password(self.password)

    def make_git(self) -> GitSource:
        auths = tuple(
            GitAuth(
                name=name,
                user_id=entry.user_id,
                key_file_path=str(entry.key_file_path or ""),
                password=entry.password,
                reveal=self.secrets.resolved,
            )
            for name, entry in self.config.git_auth.items()
        )
        options = GitOptions(
            auths=auths,
            default_auth=self.config.security.default_git_auth,
            environment=surroundings(),
            seconds=self.config.system.git_operation_timeout_secs,
        )
        scratch = self.config.home / "run" / "git"
        return GitSource(self.reactor, self.file_threads.run, scratch, options)

    def make_runtime(self, gate: Gate) -> Runtime:
        sandbox = self.config.sandbox
        limits = HostLimits(
            memory_mb=sandbox.memory_mb,
            threads=sandbox.threads,
            request_seconds=sandbox.request_timeout_secs,
            start_seconds=sandbox.start_timeout_secs,
            waiting=sandbox.max_waiting,
            hosts=sandbox.max_hosts,
            idle_seconds=sandbox.idle_secs,
            watch_seconds=self.config.system.file_watcher_debounce_millis / 1000,
        )
        values = node_values(self.config, os.environ)
        whole = values_with_secrets(self.config, values, ("node_config",), self.secrets.resolved)
        knowledge = Knowledge(node_config=whole)
        hosts = ProcessHosts(self.reactor, limits, self.program)
        return Runtime(self.reactor, hosts, limits, gate, self.audit, self.files_of, knowledge)

    async def files_of(self, app: App) -> IFiles:
        """What an app serves: its folder for dev, else its stored version."""
        if app.is_dev:
            return self.sources.live(app.source_url)
        return await self.store.files(app.id, app.version)

    def make_plugins(self) -> Iterator[Plugin]:
        """All plugins, and what each is for its accounts."""
        sections = self.config.plugin
        yield from with_accounts(
            lambda _: self.programs.plugin, sections.exec, sections.exec_accounts
        )
        yield from with_accounts(self.make_fs, sections.fs, sections.fs_accounts)
        yield from with_accounts(self.make_http, sections.http, sections.http_accounts)
        yield from with_accounts(self.make_store, sections.store, sections.store_accounts)

    def make_fs(self, _section: FSPlugin) -> Plugin:
        folders = tuple(map(str, self.config.app_config.fs.file_access))
        settings = FsSettings(file_access=folders)
        return Fs(settings, self.temp_files, self.file_threads.run).plugin

    def make_http(self, section: HTTPPlugin) -> Plugin:
        settings = HttpSettings(allow=section.allow_hosts)
        return Http(self.reactor, settings, secrets.token_bytes).plugin

    def make_store(self, section: StorePlugin) -> Plugin:
        database = open_database(section.db_connection, self.reactor)
        database.setServiceParent(self.documents)
        settings = StoreSettings(share_with_staging=section.share_with_staging)
        return Store(settings, database, self.reactor).plugin

    def make_access_log(self) -> tuple[AccessLog, Callable[[AccessEntry], None]]:
        logging = self.config.logging
        file = RotatingFile(
            self.config.home / "logs" / "access.log",
            logging.max_size_mb * MEBIBYTE,
            logging.max_backups,
        )
        access_log = AccessLog(self.reactor, file.write)
        return access_log, access_log if logging.access_logging else lambda _entry: None

    def make_admin(self, guard: Guard) -> IResource:
        api = AdminAPI(
            self.administration,
            guard,
            self.audit,
            seconds=self.reactor.seconds,
            new_id=new_id,
            version=VERSION,
        )
        return api.router().resource()

    def make_apps(self) -> AppsResource:
        settings = self.config.app_config
        edge = AppEdge(
            headers_level=settings.security.headers_level,
            check_origin=not settings.security.disable_csrf_protection,
            sharing=Sharing(**to_builtins(settings.cors)),
        )
        kept = TrailOptions(
            redact_url=settings.audit.redact_url, skip=settings.audit.skip_http_events
        )
        return AppsResource(
            self.installed,
            self.runtime,
            AppAccess(self.account, self.config.security.app_default_auth_type),
            Downloads(self.temp_files.open, self.file_threads.run),
            self.proxies,
            Trail(self.audit, self.reactor.seconds, new_id, kept),
            edge,
        )

    def make_site(self, root: IResource) -> Site:
        body = self.config.sandbox.max_request_body_mb * MEBIBYTE
        return Site(
            root,
            self.reactor,
            access_log=self.access,
            new_id=new_id,
            limits=Limits(body=body),
            proxies=self.proxies,
        )

    def make_listeners(self) -> Listeners:
        config = self.config
        wanted = DefaultListeners(
            server_uri=config.server_uri,
            certificates=str(config.https.cert_location),
            http_host=config.http.host,
            http_port=config.http.port,
            https_host=config.https.host,
            https_port=config.https.port,
            certificate_names=(config.system.default_domain,),
            certificate_lookup=config.https.enable_cert_lookup,
        )
        declared = (
            *default_listeners(wanted, dual_stack=has_dual_stack()),
            *(Listener(entry.endpoint, serves(entry.serve)) for entry in config.listen),
        )
        return Listeners(
            declared,
            {"admin": self.admin_site, "apps": self.app_site},
            self.reactor,
            admin_over_tcp=config.security.admin_over_tcp,
        )

    def own_names(self) -> tuple[str, ...]:
        """The names by which this server may be administered over TCP."""
        config = self.config
        names = ("localhost", config.system.default_domain, socket.gethostname())
        return (*names, *config.security.admin_hosts)

    def https_place(self, name: str) -> tuple[str, int]:
        """The host to send a browser to that asked for ``name``, and the port of HTTPS there."""
        apps = self.installed.matching(AppGlob.parse("all"))
        ours = {*self.own_names(), *(app.domain for app in apps)}
        addresses = self.listeners.addresses()
        port = next((one.port for one in addresses if one.scheme == "https"), 443)
        return name if name in ours else self.config.system.default_domain, port

    def urls(self, address: AppPath) -> tuple[str, str]:
        """Where an app can be opened, over HTTP and HTTPS; empty for what is turned off."""
        host = address.domain or self.config.system.default_domain
        found = {
            listening.scheme: f"{listening.scheme}://{host}:{listening.port}{address.path}"
            for listening in reversed(self.listeners.addresses())
            if listening.serve == "apps"
        }
        return found.get("http", ""), found.get("https", "")
