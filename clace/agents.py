"""HTTP clients for servers elsewhere, which leave no line in the log for each connection."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.web.client import URI, Agent, BrowserLikePolicyForHTTPS, HTTPConnectionPool
from twisted.web.iweb import IAgent, IAgentEndpointFactory
from zope.interface import implementer


def quiet_agent(reactor: Any, seconds: float, pool: HTTPConnectionPool | None = None) -> IAgent:
    """An agent that checks certificates against the system's authorities, connects in so many
    seconds, and follows no redirects. Without a ``pool`` no connection is kept.
    """
    endpoints = _Endpoints(reactor, seconds, BrowserLikePolicyForHTTPS())
    agent: IAgent = Agent.usingEndpointFactory(reactor, endpoints, pool)
    return agent


@implementer(IAgentEndpointFactory)
@frozen
class _Endpoints:
    """The endpoints of ``Agent`` itself, but quiet."""

    reactor: Any
    seconds: float
    tls: BrowserLikePolicyForHTTPS

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        host = uri.host.decode("ascii")
        plain = _Quiet(HostnameEndpoint(self.reactor, host, uri.port, timeout=self.seconds))
        if uri.scheme != b"https":
            return plain
        return wrapClientTLS(self.tls.creatorForNetloc(uri.host, uri.port), plain)


@implementer(IStreamClientEndpoint)
@frozen
class _Quiet:
    """An endpoint whose factories do not tell the log of their start and stop."""

    inner: IStreamClientEndpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        factory: Any = protocolFactory
        while factory is not None:
            factory.noisy = False
            factory = getattr(factory, "wrappedFactory", None)
        connected: Deferred[IProtocol] = self.inner.connect(protocolFactory)
        return connected
