"""Requests to apps: found, admitted, checked, answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from clace.errors import ClaceError, LockedOut, NoSuchApp, NotAuthenticated
from clace.interfaces import IInstalledApps, IRuntime
from clace.model.app import App
from clace.model.traffic import AppResponse
from clace.web.app_access import AppAccess
from clace.web.app_requests import app_request, clean_path, relative_path
from clace.web.forwarded import Peer, TrustedProxies
from clace.web.origin import check_origin
from clace.web.security_headers import missing
from clace.web.streaming import PacedBody

log = Logger()


class AppEdge(Struct, frozen=True, kw_only=True):
    """What the operator decided about requests to all apps."""

    headers_level: int = 2
    check_origin: bool = True


class AppsResource(Resource):
    """Everything that is not the server's own: the app for the host and the longest path."""

    isLeaf = True

    def __init__(  # noqa: PLR0913 - each is one question that a request must pass
        self,
        installed: IInstalledApps,
        runtime: IRuntime,
        access: AppAccess,
        proxies: TrustedProxies,
        edge: AppEdge,
        statuses: Mapping[type[ClaceError], int],
        new_id: Callable[[], str],
    ) -> None:
        super().__init__()
        self._installed = installed
        self._runtime = runtime
        self._access = access
        self._proxies = proxies
        self._edge = edge
        self._statuses = statuses
        self._new_id = new_id

    def render(self, request: Request) -> int:
        Deferred.fromCoroutine(self._serve(request)).addErrback(self._broken, request)
        return NOT_DONE_YET

    async def _serve(self, request: Request) -> None:
        peer = self._proxies.peer_of(request)
        try:
            response = await self._respond(request, peer)
        except ClaceError as error:
            response = self._refusal(error)
        if request._disconnected:  # noqa: SLF001 - twisted.web offers no other way to ask
            return
        self._write_head(request, response, peer)
        if isinstance(response.body, bytes):
            request.setHeader(b"content-length", b"%d" % len(response.body))
            if request.method != b"HEAD":
                request.write(response.body)
        else:
            await PacedBody(request).send(response.body)
        if not request._disconnected:  # noqa: SLF001
            request.finish()

    async def _respond(self, request: Request, peer: Peer) -> AppResponse:
        path = clean_path(request.path)
        app = self._find(request, path)
        user = await self._access.admit(app, request.getHeader("authorization"), peer.ip)
        if self._edge.check_origin:
            check_origin(
                request.method.decode("ascii"),
                request.getHeader("host") or "",
                origin=request.getHeader("origin"),
                fetch_site=request.getHeader("sec-fetch-site"),
            )
        seen = app_request(request, relative_path(path, app.path), peer, user, self._new_id())
        return await self._runtime.respond(app, seen)

    def _find(self, request: Request, path: str) -> App:
        app = self._installed.find(host_name(request.getHeader("host") or ""), path)
        if app is None:
            raise NoSuchApp("no matching app found")
        return app

    def _refusal(self, error: ClaceError) -> AppResponse:
        status = next(self._statuses[kind] for kind in type(error).__mro__ if kind in self._statuses)
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        if isinstance(error, NotAuthenticated):
            headers.append(("WWW-Authenticate", 'Basic realm="clace", charset="UTF-8"'))
        if isinstance(error, LockedOut):
            headers.append(("Retry-After", str(max(1, round(error.retry_after)))))
        return AppResponse(status=status, headers=tuple(headers), body=error.message.encode())

    def _write_head(self, request: Request, response: AppResponse, peer: Peer) -> None:
        request.setResponseCode(response.status)
        request.setHeader(b"server", b"Clace")
        for name, value in response.headers:
            request.responseHeaders.addRawHeader(name, value)
        present = {name.lower() for name, _ in response.headers}
        secure = peer.scheme == "https"
        for name, value in missing(self._edge.headers_level, present, secure=secure):
            request.setHeader(name, value)

    def _broken(self, failure: Failure, request: Request) -> None:
        incident = self._new_id()
        log.failure("App request failed, incident {incident}", failure, incident=incident)
        if request._disconnected or request.startedWriting:  # noqa: SLF001
            return
        request.setResponseCode(500)
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        request.write(f"internal error, incident {incident}".encode())
        request.finish()


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
