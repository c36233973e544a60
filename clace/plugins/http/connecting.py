"""Connections to addresses that were checked, and to nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from clace.plugins.http.guard import Resolve

_SECONDS_EACH = 10
_MAX_TRIED = 4


@implementer(IAgentEndpointFactory)
@frozen
class Route:
    """The way to a target: TLS for its name, TCP to the addresses found for its name."""

    reactor: IReactorTCP
    addresses: Sequence[str]
    tls: IPolicyForHTTPS
    received_bytes: int
    """How much may come back; headers and framing of a hostile server count too."""

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        plain = _Addresses(self.reactor, self.addresses, uri.port, self.received_bytes)
        if uri.scheme != b"https":
            return plain
        return wrapClientTLS(self.tls.creatorForNetloc(uri.host, uri.port), plain)


@implementer(IStreamClientEndpoint)
@frozen
class _Addresses:
    """The first of several addresses that takes a connection."""

    reactor: IReactorTCP
    addresses: Sequence[str]
    port: int
    received_bytes: int

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return Deferred.fromCoroutine(self._connected(protocolFactory))

    async def _connected(self, factory: Any) -> IProtocol:
        *others, last = self.addresses[:_MAX_TRIED]
        for address in others:
            try:
                return await self._one(address, factory)
            except ConnectError:
                continue
        return await self._one(last, factory)

    async def _one(self, address: str, factory: Any) -> IProtocol:
        make = TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint
        endpoint = make(self.reactor, address, self.port, timeout=_SECONDS_EACH)
        metered = _MeteredFactory(factory, self.received_bytes)
        connected: Any = await endpoint.connect(metered)
        protocol: IProtocol = connected.wrappedProtocol
        return protocol


class _Metered(ProtocolWrapper):
    """Drops a connection on which more arrives than anybody could want."""

    received = 0

    def dataReceived(self, data: bytes) -> None:
        self.received += len(data)
        if self.received > self.factory.limit:
            self.abortConnection()
        else:
            super().dataReceived(data)


class _MeteredFactory(WrappingFactory):
    """Makes them, without a line in the log for each: that is no news."""

    protocol = _Metered

    def __init__(self, wrapped: Any, limit: int) -> None:
        super().__init__(wrapped)
        self.limit = limit
        factory: Any = self
        while factory is not None:
            factory.noisy = False
            factory = getattr(factory, "wrappedFactory", None)


@implementer(IResolutionReceiver)
class _Resolution:
    """The addresses of a name, as they come in."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.complete: Deferred[list[str]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        pass

    def addressResolved(self, address: Any) -> None:
        self.found.append(address.host)

    def resolutionComplete(self) -> None:
        if not self.complete.called:
            self.complete.callback(self.found)


def resolving(reactor: IReactorPluggableNameResolver) -> Resolve:
    """The addresses that the reactor's resolver has for a name."""

    async def resolve(host: str) -> Sequence[str]:
        resolution = _Resolution()
        reactor.nameResolver.resolveHostName(resolution, host)
        return await resolution.complete

    return resolve
