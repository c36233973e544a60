"""``clace-tls:FOLDER:ENDPOINT``: any stream endpoint, with TLS and certificates by server name."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from twisted.application.internet import TimerService
from twisted.internet import tcp
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    IProtocolFactory,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from clace.interfaces import IAsksForCertificates
from clace.listeners.certificates import CertificateStore
from clace.listeners.plain_http import TellingTLS
from clace.listeners.tls import TLSByName
from clace.listeners.tls_socket import TLSServer
from clace.model import TLS_BY_NAME, unparse

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_DAY = 24 * 60 * 60
_YES_NO = {"yes": True, "no": False}


def tls_by_name(reactor: Any, *arguments: str, **keywords: str) -> TLSByNameEndpoint:
    """The endpoint for ``FOLDER:ENDPOINT`` with its own ``names=`` and ``lookup=`` taken out.

    :raises ValueError: the string is not of that form.
    """
    folder, *inner = arguments or [""]
    if not folder or not inner:
        raise ValueError(
            f"expected {TLS_BY_NAME}:FOLDER:ENDPOINT, like {TLS_BY_NAME}:/etc/clace/tls:tcp:443"
        )
    names, lookup = keywords.pop("names", ""), keywords.pop("lookup", "yes")
    if lookup not in _YES_NO:
        raise ValueError(f"expected lookup=yes or lookup=no, got lookup={lookup}")
    store = CertificateStore(
        Path(folder).absolute(),
        lambda: datetime.fromtimestamp(reactor.seconds(), UTC),
        (*names.split(","), *LOCAL_NAMES, socket.gethostname()),
        lookup=_YES_NO[lookup],
    )
    wrapped = serverFromString(reactor, unparse(inner, keywords))
    return TLSByNameEndpoint(wrapped, store, reactor)


@implementer(IStreamServerEndpoint)
class TLSByNameEndpoint:
    """Listens where ``wrapped`` does, and meanwhile renews its certificate and ticket keys."""

    def __init__(
        self, wrapped: IStreamServerEndpoint, store: CertificateStore, clock: IReactorTime
    ) -> None:
        self._wrapped = wrapped
        self._store = store
        self._clock = clock

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        return Deferred.fromCoroutine(self._listen(protocolFactory))

    async def _listen(self, factory: IProtocolFactory) -> IListeningPort:
        self._store.prepare()
        site = IAsksForCertificates(factory, None)
        creator = TLSByName(self._store.context_for, *([site.asks_under] if site else []))
        encrypted = TLSMemoryBIOFactory(creator, False, factory, clock=self._clock)
        encrypted.protocol = TellingTLS
        port: Any = await self._wrapped.listen(encrypted)
        if _is_plain(port, encrypted):
            port.factory = factory
            port.transport = partial(TLSServer, creator.encrypt)
        return _TLSPort(port, self._start_upkeep(creator))

    def _start_upkeep(self, creator: TLSByName) -> TimerService:
        def renew() -> None:
            self._store.refresh()
            creator.change_ticket_keys()

        upkeep = TimerService(_DAY, renew)
        upkeep.clock = self._clock
        upkeep.startService()
        return upkeep


def _is_plain(port: Any, factory: IProtocolFactory) -> bool:
    """Return true if all that stands between TCP and the factory is Twisted's transport.

    Another one would stand there if the wrapped endpoint wraps one more, like ``haproxy:``.
    """
    return type(port) is tcp.Port and port.transport is tcp.Server and port.factory is factory


@implementer(IListeningPort)
class _TLSPort:
    """A port that ends the upkeep when it stops listening."""

    def __init__(self, port: IListeningPort, upkeep: TimerService) -> None:
        self._port = port
        self._upkeep = upkeep

    def startListening(self) -> None:
        self._port.startListening()

    def stopListening(self) -> Deferred[None] | None:
        if self._upkeep.running:
            self._upkeep.stopService()
        stopped: Deferred[None] | None = self._port.stopListening()
        return stopped

    def getHost(self) -> IAddress:
        return self._port.getHost()
