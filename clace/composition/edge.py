"""The rooms of the network: sites, and the listeners they are behind."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import to_builtins
from twisted.web.resource import IResource

from clace.composition.apps import Apps
from clace.composition.data import Data
from clace.composition.plugins import Plugins
from clace.config import AppConfig, AppProxy, Config
from clace.descriptors import connections_of
from clace.errors import AppBroken
from clace.identity.factors import PasswordsAlone
from clace.interfaces import ProxyLimits
from clace.listeners import (
    ChosenListener,
    DefaultListeners,
    Listeners,
    OthersOnly,
    Serve,
    default_listeners,
    has_dual_stack,
)
from clace.listeners import Site as SiteName
from clace.log_files import RotatingFile
from clace.model import App, AppPath
from clace.proxy import NetworkEndpoints, Proxy
from clace.threads import ThreadPool
from clace.units import MEBIBYTE
from clace.web import UNIX, HTTPSOnly, RootResource, TrustedProxies
from clace.web.admin import ActingAs, AdminGuard, Guard, LateResource, trusted
from clace.web.apps import (
    AppEdge,
    Downloads,
    FormReader,
    OriginSharing,
    ProxiedApps,
    RequestAuditOptions,
    RequestAudits,
    ServedApps,
    TokenUse,
    Transfers,
)
from clace.web.http1 import (
    AccessEntry,
    AccessLog,
    ConnectionBounds,
    ConnectionCounts,
    RequestLimits,
    Site,
)

KIBIBYTE = 1024
_UNBOUND = ConnectionBounds(most=0, each=0)
_EDGES = 1000


class Edge:
    """The admin API on the socket, and over TCP if it is configured; apps everywhere else."""

    def __init__(
        self,
        data: Data,
        plugins: Plugins,
        apps: Apps,
        reactor: Any,
        file_threads: ThreadPool,
        descriptors: int,
    ) -> None:
        self._data = data
        self._config = data.config
        self._plugins = plugins
        self._apps = apps
        self._reactor = reactor
        self._edges: dict[str, tuple[App, AppEdge]] = {}
        self._edge_of_none = app_edge(self._config.app_config)
        self._proxies = TrustedProxies(self._config.security.trusted_proxies)
        self.proxy = self._make_proxy(descriptors)
        self.access_log, self._access = self._make_access_log()
        downloads = Downloads(plugins.temp_files.open, file_threads.run)
        self._forms = FormReader(plugins.temp_files, file_threads.run)
        self._administration = apps.administration(self.urls)
        over_tcp = self._admin_over_tcp()
        counted = self._counted(connection_bounds(self._config, descriptors))
        self.sites: dict[SiteName, Site] = {
            # Whoever may open the socket is not counted: it must be reachable in any flood.
            "socket": self._site(RootResource(self._admin(trusted), None), self._counted(_UNBOUND)),
            "admin": self._site(RootResource(over_tcp, None), counted),
            "apps": self._site(self._for_apps(over_tcp, downloads), counted),
        }
        identities = plugins.identities
        asks = identities.elsewhere.asks_under(apps.installed, identities.auth)
        self.sites["apps"].ask_for_certificates(asks)
        self.listeners = self._make_listeners()
        plugins.locate(self.urls)
        identities.is_named = self.is_named

    def own_names(self) -> tuple[str, ...]:
        """The names by which this server may be administered over TCP."""
        names = ("localhost", self._config.system.default_domain, socket.gethostname())
        return tuple(map(str.lower, (*names, *self._config.security.admin_hosts)))

    def is_ours(self, name: str) -> bool:
        """Tell a name under which something is served here from any other."""
        return name in self.own_names() or self._apps.installed.serves(name)

    def is_named(self, name: str) -> bool:
        """Tell a name that this server is meant to have from all that a client may call it."""
        return name in self.own_names() or self._apps.installed.is_named(name)

    def https_port(self) -> int:
        """The port where apps are served over HTTPS; the usual one if another server does it."""
        addresses = self.listeners.addresses()
        found = (one.port for one in addresses if (one.scheme, one.serve) == ("https", "apps"))
        return next(found, 443)

    def urls(self, address: AppPath) -> tuple[str, str]:
        """Return an app's URLs over HTTP and HTTPS; empty for a listener that is turned off."""
        host = address.domain or self._config.system.default_domain
        found = {
            listening.scheme: f"{listening.scheme}://{host}:{listening.port}{address.path}"
            for listening in reversed(self.listeners.addresses())
            if listening.serve == "apps"
        }
        return found.get("http", ""), found.get("https", "")

    def _admin_over_tcp(self) -> IResource | None:
        if not self._config.security.admin_over_tcp:
            return None
        credentials = PasswordsAlone(self._data.account, self._data.people.factors)
        return self._admin(
            AdminGuard(credentials, self._data.tokens, self._proxies, self.own_names())
        )

    def _for_apps(self, over_tcp: IResource | None, downloads: Downloads) -> IResource:
        root = RootResource(over_tcp, self._served_apps(downloads), self._plugins.identities.routes)
        if self._config.http.redirect_to_https:
            return HTTPSOnly(root, self._proxies, self.is_ours, self.https_port)
        return root

    def _admin(self, guard: Guard) -> IResource:
        acting = ActingAs(
            guard,
            self._data.authorisation,
            self._data.groups_of,
            self._plugins.identities.check_user,
        )
        return LateResource(partial(self._made_admin, acting))

    def _made_admin(self, guard: Guard) -> IResource:
        from clace.web.admin import AdminAPI  # noqa: PLC0415 - Klein is a tenth of a start

        api = AdminAPI(
            self._administration,
            guard,
            self._data.events,
            clock=self._reactor,
            new_id=self._data.new_id,
            version=self._apps.version,
            audit_reads=self._config.audit.reads,
        )
        return api.resource()

    def _served_apps(self, downloads: Downloads) -> ServedApps:
        return ServedApps(
            self._apps.installed,
            self._apps.runtime,
            self._plugins.identities.access,
            Transfers(downloads, self._forms, self._proxied_apps()),
            RequestAudits(
                self._data.ration,
                self._apps.failures,
                self._reactor.seconds,
                self._data.new_id,
                reads=self._config.audit.reads,
            ),
            self._edge_of,
        )

    def _make_proxy(self, descriptors: int) -> Proxy:
        reactor, workloads = self._reactor, self._apps.workloads
        return Proxy(
            reactor,
            NetworkEndpoints(reactor, workloads),
            f"clace-{self._data.new_id()}",
            workloads,
            upstream_share(connections_of(descriptors, self._config.sandbox.max_hosts)),
        )

    def _proxied_apps(self) -> ProxiedApps:
        return ProxiedApps(
            self.proxy,
            self._apps.installed,
            self._plugins.identities.access,
            self._config.system.default_domain,
        )

    def _edge_of(self, app: App | None) -> AppEdge:
        """Return the decisions for an app, or for requests to none. Every request asks: they are
        kept until another value describes the app.
        """
        if app is None:
            return self._edge_of_none
        kept = self._edges.get(app.id)
        if kept is None or kept[0] is not app:
            if len(self._edges) >= _EDGES:
                self._edges.clear()
            kept = self._edges[app.id] = (app, self._edge_by_settings(app))
        return kept[1]

    def _edge_by_settings(self, app: App) -> AppEdge:
        """An app whose settings cannot be used says so itself; the server's hold for that."""
        try:
            return app_edge(self._data.settings_of(app))
        except AppBroken:
            return self._edge_of_none

    def _counted(self, bounds: ConnectionBounds) -> ConnectionCounts:
        return ConnectionCounts(bounds, self._proxies, self._reactor)

    def _site(self, root: IResource, connections: ConnectionCounts) -> Site:
        return Site(
            root,
            self._reactor,
            access_log=self._access,
            new_id=self._data.new_id,
            limits=client_limits(self._config),
            proxies=self._proxies,
            connections=connections,
        )

    def _make_access_log(self) -> tuple[AccessLog, Callable[[AccessEntry], None]]:
        logging = self._config.logging
        file = RotatingFile(
            self._config.home / "logs" / "access.log",
            logging.max_size_mb * MEBIBYTE,
            logging.max_backups,
        )
        access_log = AccessLog(self._reactor, file.write)
        return access_log, access_log if logging.access_logging else lambda _entry: None

    def _make_listeners(self) -> Listeners:
        config = self._config
        wanted = DefaultListeners(
            server_uri=config.server_uri,
            certificates=str(config.https.cert_location),
            http_host=config.http.host,
            http_port=config.http.port,
            https_host=config.https.host,
            https_port=config.https.port,
            certificate_names=(
                config.system.default_domain,
                self._plugins.identities.login_host,
            ),
            certificate_lookup=config.https.enable_cert_lookup,
        )
        declared = (
            *default_listeners(wanted, dual_stack=has_dual_stack()),
            *(
                ChosenListener(entry.endpoint, serves(entry.serve), place=f"[[listen]] #{number}")
                for number, entry in enumerate(config.listen, 1)
            ),
        )
        return Listeners(
            declared,
            # An app that misleads the server into connecting there would be the administrator.
            {**self.sites, "socket": OthersOnly(self.sites["socket"])},
            self._reactor,
            admin_over_tcp=config.security.admin_over_tcp,
            trusts_unix=UNIX in config.security.trusted_proxies,
        )


def client_limits(config: Config) -> RequestLimits:
    """Return the limits of one client: sizes, counts and least rates."""
    limits = config.http.limits
    return RequestLimits(
        head=limits.max_header_kb * KIBIBYTE,
        headers=limits.max_header_count,
        target=limits.max_url_kb * KIBIBYTE,
        body=config.sandbox.max_request_body_mb * MEBIBYTE,
        head_seconds=limits.header_secs,
        idle_seconds=limits.idle_secs,
        body_seconds=limits.body_secs,
        rate=limits.min_bytes_per_sec,
        stall_seconds=limits.stall_secs,
        linger_seconds=limits.linger_secs,
    )


def upstream_share(connections: int) -> int:
    """The part of all possible connections that is for the servers of proxied apps."""
    return connections // 3


def connection_bounds(config: Config, descriptors: int) -> ConnectionBounds:
    """Return the limits on the number of connections.

    :raises ConfigError: so few files may be open that nobody could be served.
    """
    limits = config.http.limits
    total = connections_of(descriptors, config.sandbox.max_hosts)
    return ConnectionBounds(
        most=limits.max_connections,
        each=limits.max_connections_per_address,
        ceiling=total - upstream_share(total),
    )


def app_edge(settings: AppConfig) -> AppEdge:
    return AppEdge(
        identity_token=TokenUse(settings.security.identity_token),
        headers_level=settings.security.headers_level,
        check_origin=not settings.security.disable_csrf_protection,
        sharing=OriginSharing(**to_builtins(settings.cors)),
        audit=RequestAuditOptions(
            redact_url=settings.audit.redact_url, skip=settings.audit.skip_http_events
        ),
        proxy=proxy_limits(settings.proxy),
    )


def proxy_limits(configured: AppProxy) -> ProxyLimits:
    """Return the limits on what is passed on for an app."""
    return ProxyLimits(
        body=configured.max_request_body_mb * MEBIBYTE,
        connect=configured.connect_timeout_secs,
        idle=configured.idle_timeout_secs,
        upgrade_idle=configured.upgrade_idle_timeout_secs,
        pool_idle=configured.idle_conn_timeout_secs,
        pool_size=configured.max_idle_conns,
        rewrites_location=configured.rewrite_location,
    )


def serves(written: str) -> Serve:
    return "admin" if written == "admin" else "apps"
