"""The way to a server: a UNIX socket, HTTP, or HTTPS with its certificate looked at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import Certificate, platformTrust, trustRootFromCertificates
from twisted.web.client import URI, Agent
from twisted.web.iweb import IAgent, IAgentEndpointFactory
from zope.interface import implementer

from clace.client.administration import AdminClient
from clace.client.tls import CertificatePolicy
from clace.errors import ConfigError, ServerUnreachable

# sun_path has 108 bytes, the last of them a NUL.
_MAX_SOCKET_PATH = 107
_CONNECT_SECONDS = 30.0
_BEGIN = b"-----BEGIN CERTIFICATE-----"


class ServerAddress(Struct, frozen=True, kw_only=True):
    """Where a server is, and what to show it: ``server_uri`` is a socket's path or an URL."""

    server_uri: str
    user: str = ""
    password: str = ""
    skip_cert_check: bool = False
    ca_file: Path | None = None

    @property
    def is_socket(self) -> bool:
        return not self.server_uri.startswith(("http://", "https://"))


def admin_client(address: ServerAddress, reactor: Any) -> AdminClient:
    """A client for the server there; nothing is opened before the first request.

    :raises ServerUnreachable: there can be no such socket.
    :raises ConfigError: ``ca_file`` holds no certificates.
    """
    if address.is_socket:
        # The socket's mode is the password: whoever can open it is the administrator.
        return AdminClient(_socket_agent(address.server_uri, reactor), reactor, address.server_uri)
    credentials = (address.user, address.password) if address.user else None
    return AdminClient(
        _tcp_agent(address, reactor), reactor, address.server_uri, credentials=credentials
    )


@implementer(IAgentEndpointFactory)
class _Socket:
    """Whatever the URL says, the same socket."""

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:  # noqa: ARG002
        return self._endpoint


def _socket_agent(path: str, reactor: Any) -> IAgent:
    size = len(os.fsencode(path))
    if size > _MAX_SOCKET_PATH:
        raise ServerUnreachable(
            f"cannot reach {path}: a socket's path has at most {_MAX_SOCKET_PATH} bytes, not {size}"
        )
    endpoint = UNIXClientEndpoint(reactor, path, timeout=_CONNECT_SECONDS)
    agent: IAgent = Agent.usingEndpointFactory(reactor, _Socket(endpoint))
    return agent


def _tcp_agent(address: ServerAddress, reactor: Any) -> IAgent:
    policy = CertificatePolicy(None if address.skip_cert_check else _trust_root(address.ca_file))
    agent: IAgent = Agent(reactor, contextFactory=policy, connectTimeout=_CONNECT_SECONDS)
    return agent


def _trust_root(ca_file: Path | None) -> Any:
    """What Twisted takes as ``trustRoot``; its interface has no public name."""
    if ca_file is None:
        return platformTrust()
    try:
        blocks = ca_file.read_bytes().split(_BEGIN)[1:]
        roots = [Certificate.loadPEM(_BEGIN + block) for block in blocks]
    except OSError as error:
        raise ConfigError(f"ca_file: {ca_file}: cannot be read: {error.strerror}") from error
    except Exception as error:
        raise ConfigError(f"ca_file: {ca_file}: not PEM certificates: {error}") from error
    if not roots:
        raise ConfigError(f"ca_file: {ca_file}: expected PEM certificates, found none")
    return trustRootFromCertificates(roots)
