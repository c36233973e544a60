"""Requests to apps that another server answers, and their answers as visitors get them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from msgspec import Struct

from clace.errors import ClaceError, NotAllowed
from clace.interfaces import (
    IInstalledApps,
    IProxy,
    Pairs,
    ProxiedRequest,
    ProxyLimits,
    UpstreamHead,
    VisitorFollower,
)
from clace.model import App, AppKind, AppResponse, ProxyRoute, host_name
from clace.web.apps.access import AppAccess
from clace.web.apps.forwarding import granted_lines
from clace.web.apps.origin import SAFE
from clace.web.apps.refusals import fault_of
from clace.web.apps.request_audit import RequestAudit
from clace.web.apps.security_headers import LEVELS, missing
from clace.web.http1 import DirectRequest, ResponseFields

_OF_HTTP = re.compile(rb"(?:\A|,)\s*(?:h[0-9]|https?\b|tls\b)", re.IGNORECASE)
_KINDS = {AppKind.STAGING: "Stage", AppKind.PREVIEW: "Preview"}
Shared = tuple[tuple[str, str], ...]
_ADVISED = frozenset(one.name.lower().encode() for step in LEVELS.values() for one in step)
Dress = Callable[[UpstreamHead], bytes]


def is_upgrade(request: DirectRequest) -> bool:
    """Tell whether the client asks for another protocol on this connection.

    Another version of HTTP does not count: in it the client would send requests that nobody here
    sees, and say itself who it is.
    """
    headers = request.requestHeaders
    if request.clientproto != b"HTTP/1.1" or headers.get(b"upgrade") is None:
        return False
    if _OF_HTTP.search(b",".join(headers.getRawHeaders(b"upgrade"))):
        return False
    said = b",".join(headers.getRawHeaders(b"connection")).lower()
    return b"upgrade" in [token.strip() for token in said.split(b",")] and request.length == 0


class RequestVisitor:
    """A request as the proxy sees who waits for its answer.

    ``dress`` gives the lines of the headers, with those of the operator; ``audit`` is told the
    status as soon as it is known, and why an answer was cut.
    """

    def __init__(
        self, request: DirectRequest, limit: int, dress: Dress, audit: RequestAudit
    ) -> None:
        self._request = request
        self._limit = limit
        self._dress = dress
        self._audit = audit

    @property
    def is_modern(self) -> bool:
        return self._request.clientproto == b"HTTP/1.1"

    @property
    def is_gone(self) -> bool:
        return self._request.is_gone

    def follow(self, source: VisitorFollower) -> None:
        self._request.follow(source)

    def take_body(self) -> None:
        self._request.pass_body(self._limit)

    def hold(self) -> None:
        self._request.hold()

    def release(self) -> None:
        self._request.release()

    def inform(self, status: int, headers: Pairs) -> None:
        self._request.inform(status, b"".join(b"%b: %b\r\n" % pair for pair in headers))

    def answer(self, head: UpstreamHead, body: bytes) -> None:
        self._audit.end(head.status)
        fields = ResponseFields((), self._dress(head), has_length=False)
        self._request.answer(head.status, fields, body)

    def begin(self, head: UpstreamHead, producer: Any) -> None:
        self._audit.end(head.status)
        fields = ResponseFields((), self._dress(head), has_length=False)
        if head.length is not None:
            fields = fields.sized(head.length)
        self._request.begin(head.status, fields)
        self._request.registerProducer(producer, streaming=True)

    def write(self, data: bytes) -> None:
        self._request.write(data)

    def flush(self) -> None:
        self._request.flush()

    def finish(self, trailers: Pairs) -> None:
        self._request.unregisterProducer()
        self._request.finish(trailers)

    def cut(self, why: ClaceError) -> None:
        self._audit.fail(fault_of(why))
        self._request.cut()

    def tunnel(self, head: UpstreamHead) -> None:
        self._audit.end(head.status)
        self._request.tunnel(head.status, self._dress(head))

    def end_tunnel(self) -> None:
        self._request.end_tunnel()

    def close_tunnel(self) -> None:
        self._request.close_tunnel()


class ProxyEdge(Struct, frozen=True, kw_only=True):
    """The operator's decisions on what is passed on for an app."""

    limits: ProxyLimits = ProxyLimits()
    headers_level: int = 2
    shared: Shared = ()
    uses_token: bool = False


class ProxiedApps:
    """Passes requests on, with the visitor's side of them and the headers that tell who asks."""

    def __init__(
        self,
        proxy: IProxy,
        installed: IInstalledApps,
        access: AppAccess,
        default_domain: str,
    ) -> None:
        self._proxy = proxy
        self._installed = installed
        self._access = access
        self._default_domain = default_domain

    async def relay(
        self,
        request: DirectRequest,
        app: App,
        route: ProxyRoute,
        inside: str,
        audit: RequestAudit,
        edge: ProxyEdge,
    ) -> AppResponse | None:
        """Answer with what the other server answers; returns when that is done, or the answer to
        a visitor who has to come back by another address.

        :raises NotAllowed: if the app may not change anything, and the request could.
        :raises ClaceError: as ``IProxy.relay``; nothing was written.
        """
        if route.redirects_bare and inside == "/" and not request.path.endswith(b"/"):
            return _with_slash(request.uri)
        visitors = self._access.visitors
        identity = await visitors.lines(audit.identity, app, token=edge.uses_token)
        identity += granted_lines(audit.granted)
        asked = self._asked(request, app, route, inside, identity)
        if not app.may_write and (asked.is_upgrade or request.method not in SAFE):
            kind = _KINDS[app.kind]
            raise NotAllowed(f"{kind} app does not have access to proxy write APIs")
        dress = partial(dressed_lines, edge, secure=request.peer.scheme == "https")
        visitor = RequestVisitor(request, edge.limits.body, dress, audit)
        await self._proxy.relay(asked, visitor, edge.limits)
        return None

    def _asked(
        self,
        request: DirectRequest,
        app: App,
        route: ProxyRoute,
        inside: str,
        identity: bytes,
    ) -> ProxiedRequest:
        peer, is_shared = request.peer, self._shares_host(app)
        return ProxiedRequest(
            app=app,
            route=route,
            method=request.method,
            uri=request.uri,
            inside=inside,
            headers=request.requestHeaders,
            length=request.length,
            awaits_continue=request.awaits_continue and request.is_to_come,
            is_upgrade=is_upgrade(request),
            scheme=peer.scheme,
            authority=request.authority,
            host=partial(self._own_host, request, app),
            address=peer.ip,
            identity=identity,
            keeps_passwords=not is_shared and self._access.is_open(app),
            is_shared_host=is_shared,
        )

    def _shares_host(self, app: App) -> bool:
        """Tell an app that has not all paths of its host, or has neighbours there but its twins."""
        if app.path != "/":
            return True
        main = app.main_app or app.id
        return any((one.main_app or one.id) != main for one in self._installed.on(app.domain))

    def _own_host(self, request: DirectRequest, app: App) -> str:
        """The name that the app has for itself: the visitor's, unless that could be any."""
        named = host_name(request.authority)
        own = app.domain or self._default_domain
        if named == own or (not app.domain and self._installed.serves(named)):
            return request.authority
        _, colon, port = request.authority.rpartition(":")
        return f"{own}:{port}" if colon and port.isdigit() else own


def _with_slash(uri: bytes) -> AppResponse:
    """Send a visitor to the same address with a slash behind its path."""
    path, mark, query = uri.decode("latin-1").partition("?")
    return AppResponse(status=307, headers=(("Location", f"/{path.lstrip('/')}/{mark}{query}"),))


def dressed_lines(edge: ProxyEdge, head: UpstreamHead, *, secure: bool) -> bytes:
    """The headers as lines, with those of the operator that the app does not set itself."""
    present = frozenset([name.lower() for name, _ in head.headers])
    added = _added(edge.headers_level, edge.shared, present & _ADVISED, secure=secure)
    forced = added.names & present if added.names else added.names
    pairs = head.headers
    if forced:
        pairs = [pair for pair in pairs if pair[0].lower() not in forced]
    return b"".join([added.lines, *[b"%b: %b\r\n" % pair for pair in pairs]])


class _Added(NamedTuple):
    """Lines of headers, and their names."""

    lines: bytes
    names: frozenset[bytes]


@lru_cache(maxsize=512)
def _added(level: int, shared: Shared, present: frozenset[bytes], *, secure: bool) -> _Added:
    advice = missing(level, {name.decode() for name in present}, secure=secure)
    pairs = (("Server", "Clace"), *advice, *shared)
    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in pairs)
    return _Added(lines, frozenset(name.lower().encode() for name, _ in pairs))
