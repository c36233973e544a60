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
    IDelayedCall,
    IProtocol,
    IProtocolFactory,
    IReactorTCP,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

_SECONDS_EACH = 10
_SECONDS_TO_CLOSE = 2
_MAX_TRIED = 4


@implementer(IAgentEndpointFactory)
@frozen
class TargetEndpoint:
    """The way to a target: TLS for its name, TCP to the addresses found for its name."""

    reactor: IReactorTCP
    addresses: Sequence[str]
    tls: IPolicyForHTTPS
    connections: ExchangeConnections

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        plain = _Addresses(self.reactor, self.addresses, uri.port, self.connections)
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
    connections: ExchangeConnections

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
        connected: Any = await endpoint.connect(self.connections.metered(factory))
        protocol: IProtocol = connected.wrappedProtocol
        return protocol


class ExchangeConnections:
    """Connections of one exchange. On each ``received_bytes`` may come back: headers and framing
    of a hostile server count too.
    """

    def __init__(self, clock: IReactorTime, received_bytes: int) -> None:
        self._clock = clock
        self._received_bytes = received_bytes
        self._factories: list[_MeteredFactory] = []

    def metered(self, factory: Any) -> _MeteredFactory:
        """A factory for connections that count here."""
        self._factories.append(_MeteredFactory(factory, self._received_bytes))
        return self._factories[-1]

    def end(self) -> None:
        """Close those that are open, whether their servers agree or not."""
        for factory in self._factories:
            for connection in tuple(factory.protocols):
                connection.end(self._clock)


class _Metered(ProtocolWrapper):
    """Drops a connection on which more arrives than anybody could want."""

    received = 0
    _patience: IDelayedCall | None = None

    def end(self, clock: IReactorTime) -> None:
        """Close the connection under TLS, which itself would wait for the server to close it too;
        by force if the server does not take what was sent.
        """
        self._patience = clock.callLater(_SECONDS_TO_CLOSE, self.abortConnection)
        self.transport.loseConnection()  # type: ignore[union-attr] # it is connected

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        self.received += len(data)
        if self.received > self.factory.limit:
            self.abortConnection()
        else:
            super().dataReceived(data)


class _MeteredFactory(WrappingFactory):
    """Makes connections, without a line in the log for each."""

    protocol = _Metered

    def __init__(self, wrapped: Any, limit: int) -> None:
        super().__init__(wrapped)
        self.limit = limit
        factory: Any = self
        while factory is not None:
            factory.noisy = False
            factory = getattr(factory, "wrappedFactory", None)
