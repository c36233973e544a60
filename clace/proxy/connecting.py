"""Ways to other servers: TCP, TLS and UNIX sockets."""

from __future__ import annotations

import os
import socket
import stat
import struct
from ipaddress import ip_address
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    UNIXClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.ssl import optionsForClientTLS

from clace.interfaces import IWorkloads
from clace.model import Upstream
from clace.proxy.names import CheckedNames


class NotTheirs(Exception):
    """A socket that is not another server's."""


class UpstreamEndpoints(Protocol):
    """The source of connections."""

    def connect(
        self, upstream: Upstream, factory: IProtocolFactory, seconds: float
    ) -> Deferred[Any]:
        """A protocol of the factory's, connected; a failure, if it takes longer."""


class NetworkEndpoints:
    """Connects over the network of this machine, to the names and addresses approved, and to the
    programs of apps by ways that these cannot lead elsewhere.
    """

    def __init__(self, reactor: Any, workloads: IWorkloads) -> None:
        self._reactor = reactor
        self._workloads = workloads

    def connect(
        self, upstream: Upstream, factory: IProtocolFactory, seconds: float
    ) -> Deferred[Any]:
        if upstream.workload:
            return self._workloads.connect(upstream.workload, factory, seconds)
        if upstream.socket:
            return Deferred.fromCoroutine(self._over_socket(upstream.socket, factory, seconds))
        names = CheckedNames(self._reactor)
        endpoint = self._tcp(upstream, seconds, names)
        if upstream.is_secure:
            endpoint = wrapClientTLS(optionsForClientTLS(upstream.host), endpoint)
        connected: Deferred[Any] = endpoint.connect(factory)
        connected.addErrback(names.explain)
        return connected.addTimeout(seconds, self._reactor)

    def _tcp(self, upstream: Upstream, seconds: float, names: CheckedNames) -> Any:
        try:
            is_v6 = ip_address(upstream.host).version == 6  # noqa: PLR2004
        except ValueError:
            return HostnameEndpoint(names, upstream.host, upstream.port, timeout=seconds)
        made = TCP6ClientEndpoint if is_v6 else TCP4ClientEndpoint
        return made(self._reactor, upstream.host, upstream.port, timeout=seconds)

    async def _over_socket(self, path: str, factory: IProtocolFactory, seconds: float) -> Any:
        """Connect to the socket that is there now, and not to one that a link leads to.

        :raises NotTheirs: if it is another kind of file, or a socket of this server.
        """
        try:
            descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)
        except OSError as error:
            raise NotTheirs(f"{path}: {error.strerror}") from None
        try:
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                raise NotTheirs(f"{path} is no socket")
            endpoint = UNIXClientEndpoint(
                self._reactor, f"/proc/self/fd/{descriptor}", timeout=round(seconds) or 1
            )
            connected: Any = await endpoint.connect(factory)
        finally:
            os.close(descriptor)
        if _listener(connected.transport) == os.getpid():
            connected.transport.abortConnection()
            raise NotTheirs(f"{path} is a socket of this server")
        return connected


def _listener(transport: Any) -> int:
    """The process that listens at the other end of a UNIX socket."""
    size = struct.calcsize("3i")
    said = transport.getHandle().getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return int(struct.unpack("3i", said)[0])
