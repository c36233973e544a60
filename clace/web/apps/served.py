"""Requests to apps: found, admitted, checked, answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.driving import drive
from clace.errors import ClaceError, InternalError, NoSuchApp, NotAllowed, SignInNeeded
from clace.interfaces import IInstalledApps, IRuntime, ProxyLimits
from clace.model import App, AppResponse, host_name
from clace.web.apps import downloads, workers
from clace.web.apps.access import AppAccess
from clace.web.apps.cors import OriginSharing
from clace.web.apps.downloads import Downloads
from clace.web.apps.forms import FormReader, RequestLeftovers
from clace.web.apps.forwarding import with_granted
from clace.web.apps.origin import SAFE, check_origin
from clace.web.apps.proxied import ProxiedApps, ProxyEdge, is_upgrade
from clace.web.apps.refusals import dressed, fault_of, is_failure, refusal
from clace.web.apps.request_audit import RequestAudit, RequestAuditOptions, RequestAudits
from clace.web.apps.requests import NO_FORM, app_request, clean_path, relative_path, wishes_of
from clace.web.apps.visitors import TokenUse
from clace.web.http1 import (
    LARGEST_PIECE,
    AppFields,
    DirectRequest,
    PacedBody,
    ResponseFields,
    close,
    write_whole,
)
from clace.web.pages import favicon, preferred, send

log = Logger()
_FAVICON = "/favicon.ico"
_ERRORS = int(HTTPStatus.BAD_REQUEST)
NOTHING = "no matching app found"
UNKNOWN_HOST = "no app is served under this name; see system.fallback_unknown_domains"


class AppEdge(Struct, frozen=True, kw_only=True):
    """The operator's decisions on requests to an app."""

    headers_level: int = 2
    check_origin: bool = True
    identity_token: TokenUse = TokenUse.PROXIED
    sharing: OriginSharing = OriginSharing()
    audit: RequestAuditOptions = RequestAuditOptions()
    proxy: ProxyLimits = ProxyLimits()


class Transfers(NamedTuple):
    """Bytes on their way: files from apps and to them, and all that other servers answer."""

    downloads: Downloads
    forms: FormReader
    proxied: ProxiedApps | None = None


EdgeOf = Callable[[App | None], AppEdge]
"""What holds for an app, and for requests to none."""


class RequestUnderWay:
    """A request with what is recorded of it; ``edge`` is that of its app, once that is found, and
    ``leftovers`` are there if it had a body.
    """

    edge: AppEdge | None = None
    leftovers: RequestLeftovers | None = None

    def __init__(self, request: DirectRequest, audit: RequestAudit) -> None:
        self.request = request
        self.audit = audit


class ServedApps:
    """Everything that is not the server's own: the app for the host and the longest path."""

    def __init__(
        self,
        installed: IInstalledApps,
        runtime: IRuntime,
        access: AppAccess,
        transfers: Transfers,
        audits: RequestAudits,
        edge_of: EdgeOf,
    ) -> None:
        self._installed = installed
        self._runtime = runtime
        self._access = access
        self._downloads, self._forms, self._proxied = transfers
        self._audits = audits
        self._edge_of = edge_of
        self._fields = AppFields()

    def serve(self, request: DirectRequest) -> None:
        """Answer the request, now or later."""
        audit = self._audits.begin(request)
        work = RequestUnderWay(request, audit)
        drive(self._serve(work), partial(self._broken, request=request, audit=audit))

    async def _serve(self, work: RequestUnderWay) -> None:
        request, audit = work.request, work.audit
        try:
            try:
                response = await self._respond(work)
            except ClaceError as error:
                response = self._refused(error, request, audit)
            if response is None:
                return
            if response.fault is not None:
                audit.fail(response.fault)
            if response.status >= _ERRORS:
                response = dressed(response, request.requestHeaders.once(preferred, request))
            audit.end(response.status)
            if request.is_gone:
                await discard(response)
                return
            edge, is_secure = work.edge or self._edge_of(None), request.peer.scheme == "https"
            fields = self._fields.of(response, edge.headers_level, secure=is_secure)
            if isinstance(response.body, bytes) and len(response.body) <= LARGEST_PIECE:
                request.answer(response.status, fields, response.body)
            else:
                await write_body(request, response, fields)
        finally:
            if audit.user:
                self._access.leave(request)
            if work.leftovers is not None:
                await work.leftovers.remove()

    async def _respond(self, work: RequestUnderWay) -> AppResponse | None:
        """The answer; ``None`` if another server's was passed on."""
        request, audit = work.request, work.audit
        peer = request.peer
        audit.address = peer.ip
        path = clean_path(request.path)
        if path == _FAVICON and self._has_no_icon(request):
            return favicon()
        app = audit.app = self._find(request, path)
        edge = work.edge = self._edge_of(app)
        audit.options = edge.audit
        sharing = edge.sharing
        if request.method == b"OPTIONS" and sharing.allow_origin:
            return sharing.preflight(own_origin(request))
        identity = audit.identity = await self._access.admit(app, request)
        user = audit.user = identity.user_id
        method = request.method.decode("ascii")
        if edge.check_origin and (request.method not in SAFE or is_upgrade(request)):
            check_origin(
                "UPGRADE" if is_upgrade(request) else method,
                own_origin(request),
                origin=request.getHeader("origin"),
                fetch_site=request.getHeader("sec-fetch-site"),
            )
        forwarded = self._access.forwarded
        if forwarded.asks_about(app):
            refused = await forwarded.ask(app, request, audit)
            if refused is not None:
                return refused
        inside = relative_path(path, app.path)
        if inside.startswith(downloads.PREFIX):
            file_id = inside.removeprefix(downloads.PREFIX)
            return await self._downloads.answer(app, user, file_id)
        shared = sharing.headers(own_origin(request)) if sharing.allow_origin else ()
        route = await self._runtime.proxied(app, method, inside)
        if route is not None and self._proxied is not None:
            proxy_edge = ProxyEdge(
                limits=edge.proxy,
                headers_level=edge.headers_level,
                shared=shared,
                uses_token=edge.identity_token is not TokenUse.NEVER,
            )
            return await self._proxied.relay(request, app, route, inside, audit, proxy_edge)
        response = await self._asked(work, app, method, inside)
        return replace(response, headers=(*response.headers, *shared)) if shared else response

    async def _asked(
        self, work: RequestUnderWay, app: App, method: str, inside: str
    ) -> AppResponse:
        """The app's answer, or that of a file of its."""
        request, audit = work.request, work.audit
        form, fields = NO_FORM, request.requestHeaders
        if request.is_to_come:
            request.check_length()
            refused = await self._runtime.refusal(app, method, inside)
            if refused is not None:
                return refused
            await request.receive()
            work.leftovers = RequestLeftovers()
            form = await self._forms.read(request, app.id, work.leftovers)
        else:
            wishes = fields.once(wishes_of, fields)
            file = self._runtime.file_at_hand(app, method, inside, wishes)
            if file is not None:
                return file
        assert work.edge is not None
        uses_token = work.edge.identity_token is TokenUse.ALWAYS
        identity = audit.identity
        visitor = await self._access.visitors.visitor(identity, app, token=uses_token)
        seen = app_request(request, form, inside, (identity.user_id, visitor), audit.request_id)
        if audit.granted:
            seen = replace(seen, headers=with_granted(seen.headers, audit.granted))
        return await self._runtime.respond(app, seen)

    def _refused(
        self, error: ClaceError, request: DirectRequest, audit: RequestAudit
    ) -> AppResponse | None:
        """The refusal; ``None`` if the browser was sent to sign in."""
        if isinstance(error, SignInNeeded):
            departure = self._access.depart(error.setting, request)
            if departure is not None:
                send(request, departure)
                return None
        return self._refusal(error, request, audit)

    def _refusal(
        self, error: ClaceError, request: DirectRequest, audit: RequestAudit
    ) -> AppResponse:
        """The answer to an error, which is logged if an operator has to know of it.

        To whom it is told is decided here, since most requests do not fail.
        """
        if audit.app is not None and audit.user:
            audit.is_told = self._access.is_told(audit.app, audit.identity)
        if is_failure(error):
            audit.fail(fault_of(error))
        if isinstance(error, NotAllowed):
            audit.deny(error)
        return refusal(error, audit, request.requestHeaders.once(preferred, request))

    def _broken(self, failure: Failure, request: DirectRequest, audit: RequestAudit) -> None:
        """Log a failure of an answer that had begun, and send the refusal if nothing was sent."""
        error = failure.value
        if not isinstance(error, ClaceError):
            incident = audit.request_id
            log.failure("App request failed, incident {incident}", failure, incident=incident)
            error = InternalError.under(incident)
        answer = self._refusal(error, request, audit)
        audit.end(answer.status)
        if not (request.is_gone or request.startedWriting):
            send(request, answer)

    def _has_no_icon(self, request: DirectRequest) -> bool:
        """Tell whether an icon of ours is in no app's way, where browsers look for one unasked."""
        host = host_of(request)
        return self._installed.serves(host) and self._installed.find(host, _FAVICON) is None

    def _find(self, request: DirectRequest, path: str) -> App:
        host = host_of(request)
        app = self._installed.find(host, path)
        if app is None:
            raise NoSuchApp(NOTHING if self._installed.serves(host) else UNKNOWN_HOST)
        if request.requestHeaders.getRawHeaders(workers.HEADER):
            workers.check_worker(path, app, self._installed.on(host))
        return app


def own_origin(request: DirectRequest) -> str:
    """Return the scheme, name and port that the request was sent to."""
    return f"{request.peer.scheme}://{request.authority}"


def host_of(request: DirectRequest) -> str:
    """Return the name that the client has for this server."""
    return request.requestHeaders.once(host_name, request.authority)


async def write_body(request: DirectRequest, response: AppResponse, fields: ResponseFields) -> None:
    """Write an answer piece by piece: its body is large, or made while it is sent."""
    if isinstance(response.body, bytes):
        request.begin(response.status, fields.sized(len(response.body)))
        await write_whole(request, response.body)
    elif request.method == b"HEAD":
        request.begin(response.status, fields)
        await discard(response)
    else:
        request.begin(response.status, fields)
        await PacedBody(request).send(response.body)
    if not request.is_gone:
        request.finish()


async def discard(response: AppResponse) -> None:
    """End a body that is made as it is sent, of which nothing is sent."""
    if not isinstance(response.body, bytes):
        await close(response.body)
