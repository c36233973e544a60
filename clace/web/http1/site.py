"""A site: it takes the connections of listeners, logs, counts and drains them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import server
from twisted.web.http import Request, datetimeToString
from twisted.web.resource import IResource
from zope.interface import implementer

from clace.errors import InternalError
from clace.interfaces import IAsksForCertificates
from clace.urlencoded import pairs, unescaped
from clace.web.forwarded import Peer, TrustedProxies
from clace.web.http1.access import AccessEntry
from clace.web.http1.answering import drop_content, is_empty
from clace.web.http1.arrival import LEFT, ArrivingRequest
from clace.web.http1.channel import StrictHTTPChannel
from clace.web.http1.connections import ConnectionBounds, ConnectionCounts
from clace.web.http1.direct import DirectRequest, Entrance
from clace.web.http1.heads import SERVED, Head
from clace.web.http1.limits import RequestLimits
from clace.web.pages import MediaType, Trouble, preferred, send, trouble_answer
from clace.web.statuses import PHRASES

_MICROSECONDS = 1_000_000
log = Logger()


class SiteRequest(server.Request, ArrivingRequest):
    """A request that knows when it began, and whose faults tell nothing to the client."""

    site: Site
    channel: StrictHTTPChannel | None  # type: ignore[assignment]  # Twisted's are the stock ones
    # A body of no declared type is not HTML.
    defaultContentType = None

    def __init__(self, channel: StrictHTTPChannel, *args: Any, **kwargs: Any) -> None:
        super().__init__(channel, *args, **kwargs)
        self.site = channel.site
        self.began = self.site.reactor.seconds()
        self._is_empty = False

    @property
    def peer(self) -> Peer:
        """Return who sent the request."""
        return self.site.peer_of(self)

    @property
    def authority(self) -> str:
        """Return what the client calls this server."""
        return self.getHeader("host") or ""

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """Set the status, with the standard's phrase: Twisted knows some only."""
        super().setResponseCode(code, message or PHRASES.get(code, b"Unknown"))

    def write(self, data: bytes) -> None:
        """Write content, unless the status has none whatever a resource writes."""
        if not self.startedWriting:
            self._begin()
        super().write(b"" if self._is_empty else data)

    def _begin(self) -> None:
        self.setHeader(b"Date", self.site.date())
        self._is_empty = is_empty(self.code)
        if self._is_empty:
            drop_content(self.responseHeaders)
        if self.code == HTTPStatus.RESET_CONTENT:
            # The only one of them of which a client does not know that nothing follows.
            self.setHeader(b"Content-Length", b"0")

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Find what answers, and have it answer."""
        self.method, self.uri, self.clientproto = command, path, version
        self.path, _, query = path.partition(b"?")
        self.args = _parameters(query) if query else {}
        self.prepath: list[bytes] = []
        self.postpath = [unescaped(part) for part in self.path[1:].split(b"/")]
        if self.path == b"*":
            self._handleStar()
            return
        try:
            self.render(self.site.getResourceFor(self))
        except Exception:  # noqa: BLE001 - a resource's fault is told to the log
            self.processingFailed(Failure())

    def _handleStar(self) -> None:
        """Answer ``OPTIONS *``, which asks for the server and no resource."""
        self.setResponseCode(HTTPStatus.NO_CONTENT)
        self.setHeader(b"Server", b"Clace")
        self.setHeader(b"Allow", b", ".join(SERVED))
        self.finish()

    def processingFailed(self, reason: Failure) -> Failure:
        incident = self.site.new_id()
        log.failure("Request failed, incident {incident}", reason, incident=incident)
        if self.finished or self._disconnected:
            return reason
        if self.startedWriting:
            self.loseConnection()
            return reason
        told_as = InternalError.under(incident).message
        trouble = Trouble(status=500, code=InternalError.code, message=told_as)
        send(self, trouble_answer(trouble, preferred(self, MediaType.JSON)))
        return reason

    def connectionLost(self, reason: Failure) -> None:
        if self.path is not None:
            if not self.startedWriting and not self._is_refused:
                self.setResponseCode(LEFT)
            self.site.log(self)
        super().connectionLost(reason)
        self._body_lost(reason)


async def receive(request: Request) -> None:
    """Have the body read, unless the request came with it as those of tests do.

    :raises ClaceError: if it does not arrive; the client is answered or gone.
    """
    if isinstance(request, SiteRequest):
        await request.receive()


@implementer(IAsksForCertificates)
class Site(server.Site):
    """Resources over strict HTTP/1.1. Forms are never parsed here: bodies are the resources' own.

    ``new_id`` names faults; ``proxies`` decide whose address is logged. Connections are counted in
    ``connections``, together with those of other sites that have the same.
    """

    protocol = StrictHTTPChannel  # type: ignore[assignment]  # Twisted says its wrapper for h2
    displayTracebacks = False

    def __init__(
        self,
        resource: IResource,
        reactor: IReactorTime,
        *,
        access_log: Callable[[AccessEntry], None],
        new_id: Callable[[], str],
        limits: RequestLimits = RequestLimits(),  # noqa: B008 - it is frozen
        proxies: TrustedProxies = TrustedProxies(),  # noqa: B008
        connections: ConnectionCounts | None = None,
    ) -> None:
        super().__init__(
            resource,
            parsePOSTFormSubmission=False,
            reactor=reactor,
            timeout=limits.idle_seconds,
        )
        self.new_id = new_id
        self.seconds = reactor.seconds
        self._asks: Callable[[str], bool] = lambda _host: False
        self._access_log = access_log
        self._limits = limits
        self._connections = connections or ConnectionCounts(ConnectionBounds(), proxies, reactor)
        self.busy, self.idle = self._connections.busy, self._connections.idle
        self.peer_of = proxies.peer_of
        self._channels: set[StrictHTTPChannel] = set()
        self._date = (-1, b"")
        self._entrance = resource if isinstance(resource, Entrance) else None
        self._draining = False
        self._drained: Deferred[None] = Deferred()

    def ask_for_certificates(self, asks: Callable[[str], bool]) -> None:
        """Ask the clients of some hosts for a certificate, if they come over TLS."""
        self._asks = asks

    def asks_under(self, server_name: bytes | None) -> bool:
        return server_name is not None and self._asks(server_name.decode("latin-1").lower())

    @property
    def in_flight(self) -> int:
        """Return the number of requests on their way in or being answered."""
        return sum(channel.busy for channel in self._channels)

    def begin(self, channel: StrictHTTPChannel, head: Head) -> DirectRequest | SiteRequest:
        """Return the request that begins with ``head``; nothing answers it before ``serve``."""
        if self._entrance is not None and self._entrance.takes(head.target):
            return DirectRequest(channel, self, head)
        request = SiteRequest(channel)
        for name, value in head.headers:
            request.requestHeaders.addRawHeader(name, value)
        request.parseCookies()
        request.gotLength(0)
        return request

    def may_pass(self, head: Head) -> bool:
        """Return true if the body may be one that passes through, under limits of its own."""
        return self._entrance is not None and self._entrance.takes(head.target)

    def serve(self, request: DirectRequest | SiteRequest, head: Head) -> None:
        """Have the request answered."""
        if type(request) is DirectRequest:
            assert self._entrance is not None
            self._entrance.serve(request)
        else:
            request.requestReceived(head.method, head.target, head.version)

    def date(self) -> bytes:
        """Return the value of ``Date``, made once for each second."""
        now = int(self.seconds())
        if self._date[0] != now:
            self._date = (now, datetimeToString(now))
        return self._date[1]

    async def drain(self, seconds: float) -> None:
        """Close every connection: idle ones now, others after their request, or in ``seconds``."""
        self._draining = True
        for channel in tuple(self._channels):
            channel.retire()
        if not self._channels:
            return
        overdue = self.reactor.callLater(seconds, self._abort)
        await self._drained
        if overdue.active():
            overdue.cancel()

    def _abort(self) -> None:
        for channel in tuple(self._channels):
            channel.abort()
        if not self._drained.called:
            self._drained.callback(None)

    # Connections call these.

    def opened(self, channel: StrictHTTPChannel) -> None:
        self._channels.add(channel)
        if self._draining:
            channel.retire()
        elif not self._connections.admit(channel, channel.getPeer()):
            channel.turn_away()

    def closed(self, channel: StrictHTTPChannel) -> None:
        self._channels.discard(channel)
        self._connections.forget(channel)
        if self._draining and not self._channels and not self._drained.called:
            self._drained.callback(None)

    def refused(self, channel: StrictHTTPChannel, status: int, head: Head | None) -> None:
        """Log what was refused before it was a request; ``head`` if it came that far."""
        self._access_log(
            AccessEntry(
                time=datetime.fromtimestamp(self.reactor.seconds(), UTC),
                method=_text(head.method) if head else "",
                host=head.headers.host if head else "",
                path=_text(head.target.partition(b"?")[0]) if head else "",
                proto=_text(head.version) if head else "",
                remote=getattr(channel.getPeer(), "host", ""),
                status=status,
                bytes=0,
                duration_ms=0,
            )
        )

    # Twisted calls these.

    def buildProtocol(  # type: ignore[override]
        self, addr: IAddress | None
    ) -> StrictHTTPChannel:
        channel = super().buildProtocol(addr)
        assert isinstance(channel, StrictHTTPChannel)
        channel.limits = self._limits
        return channel

    def acceptableProtocols(self) -> list[bytes]:
        return [b"http/1.1"]

    def startFactory(self) -> None:
        """Nothing of what the stock site logs and times is used here."""

    def stopFactory(self) -> None:
        """The access log is closed by who made it."""

    def log(self, request: Any) -> None:
        now = self.seconds()
        self._access_log(
            AccessEntry(
                time=datetime.fromtimestamp(now, UTC),
                method=request.method.decode("ascii", "replace"),
                host=request.authority,
                path=request.path.decode("ascii", "replace"),
                proto=request.clientproto.decode("ascii", "replace"),
                remote=request.peer.ip,
                status=request.code,
                bytes=request.sentLength,
                duration_ms=int((now - request.began) * _MICROSECONDS + 0.5) / 1000,
            )
        )


def _parameters(query: bytes) -> dict[bytes, list[bytes]]:
    """All parameters of a query; Twisted leaves out those without ``=``, and splits at ``;``."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in pairs(query):
        found.setdefault(name, []).append(value)
    return found


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace")
