"""Proofs from elsewhere: OAuth and SAML providers, and the authorities of client certificates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web.client import HTTPConnectionPool

from clace.agents import quiet_agent
from clace.config import Config
from clace.identity import Kind
from clace.identity.certificates import (
    Authorities,
    CertificateTrail,
    certificate_kinds,
    is_certificate_setting,
)
from clace.identity.forward import ForwardServer
from clace.interfaces import (
    IAppAuthentication,
    IAuditEvents,
    IForwardAuth,
    IInstalledApps,
    ISignInProvider,
)
from clace.threads import ThreadPool

_CONNECT_SECONDS = 10
_CONNECTIONS = 32


class Elsewhere:
    """Opens the entries of a configuration; of a provider nothing is asked before the start."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self._config = config
        self._reactor = reactor
        self._asks = not config.https.disable_client_certs
        self.xml_threads = ThreadPool(reactor, "xml", 1, patient=True)

    def oauth_providers(self) -> tuple[ISignInProvider, ...]:
        """The providers of ``[auth.NAME]``."""
        config = self._config
        if not config.auth:
            return ()
        from clace.identity.oauth import (  # noqa: PLC0415 - few servers need its imports
            open_oauth,
        )

        return open_oauth(config.auth, config.security.callback_url, self._reactor)

    def saml_providers(self) -> tuple[ISignInProvider, ...]:
        """:raises ConfigError: if a key or certificate of ours cannot be used."""
        config = self._config
        if not config.saml:
            return ()
        from clace.identity.saml import (  # noqa: PLC0415 - few servers need its imports
            open_saml,
        )

        in_thread = self.xml_threads.run
        callback_url = config.security.callback_url
        providers = open_saml(config.saml, callback_url, config.home, self._reactor, in_thread)
        for provider in providers:
            self._reactor.callWhenRunning(provider.look)
        return providers

    def certificate_kind(self, events: IAuditEvents) -> Kind:
        """Return the row of ``cert`` and ``cert_NAME``.

        :raises ConfigError: if a file of an authority cannot be used.
        """
        entries = self._config.client_auth if self._asks else {}
        authorities = {
            name: Authorities(entry.ca_cert_file, entry.crl_file, self._reactor)
            for name, entry in entries.items()
            if entry.ca_cert_file
        }
        trail = CertificateTrail(events, self._reactor)
        return certificate_kinds(authorities, trail, disabled=not self._asks)

    def forward_servers(self) -> dict[str, IForwardAuth]:
        """The servers of ``[forward.NAME]``."""
        if not self._config.forward:
            return {}
        agent = quiet_agent(self._reactor, _CONNECT_SECONDS, _pool(self._reactor))
        seconds = self._config.system.forward_auth_timeout_secs
        return {
            name: ForwardServer(name, entry, agent, self._reactor, seconds)
            for name, entry in self._config.forward.items()
        }

    def asks_under(
        self, installed: IInstalledApps, auth: IAppAuthentication
    ) -> Callable[[str], bool]:
        """Return what tells the names of hosts where an app wants a certificate."""

        def asks(host: str) -> bool:
            settings = {app.settings.authn_type for app in installed.on(host)}
            return any(wants_certificate(auth, setting) for setting in settings)

        return asks if self._asks else lambda _host: False


def wants_certificate(auth: IAppAuthentication, setting: str) -> bool:
    """Return true if clients show a certificate to apps of this setting."""
    return is_certificate_setting(auth.base(setting))


def _pool(reactor: Any) -> HTTPConnectionPool:
    """Connections that are kept: each request to an app has one question."""
    pool = HTTPConnectionPool(reactor, persistent=True)
    pool.maxPersistentPerHost = _CONNECTIONS
    return pool
