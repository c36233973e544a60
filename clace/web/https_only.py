"""Sends browsers that came by plain HTTP to HTTPS."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from clace.web.forwarded import TrustedProxies
from clace.web.hosts import host_name

_HEALTH = b"/_clace/health"
_DEFAULT_PORT = 443


class HTTPSOnly(Resource):
    """``root`` for requests over TLS, for all others a redirect.

    ``place`` decides where a browser may be sent: the Host header alone would let a link send it
    anywhere. Health checks are answered as they come.
    """

    def __init__(
        self, root: IResource, proxies: TrustedProxies, place: Callable[[str], tuple[str, int]]
    ) -> None:
        super().__init__()
        self._root = root
        self._proxies = proxies
        self._place = place

    def getChild(self, path: bytes, request: Request) -> IResource:
        if request.path == _HEALTH or self._proxies.peer_of(request).scheme == "https":
            child: IResource = self._root.getChildWithDefault(path, request)
            return child
        return _Elsewhere(self._target(request))

    def _target(self, request: Request) -> bytes:
        asked = request.getHeader("host") or ""
        host, port = self._place(host_name(asked))
        # Without a port the browser came through something that maps the usual ones.
        has_port = asked.rpartition("]")[2].count(":") == 1
        place = f"{host}:{port}" if has_port and port != _DEFAULT_PORT else host
        return b"https://" + place.encode("idna") + request.uri


class _Elsewhere(Resource):
    isLeaf = True

    def __init__(self, target: bytes) -> None:
        super().__init__()
        self._target = target

    def render(self, request: Request) -> bytes:
        request.setResponseCode(HTTPStatus.PERMANENT_REDIRECT)
        request.setHeader(b"location", self._target)
        return b""
