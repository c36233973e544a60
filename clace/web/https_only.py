"""Sends browsers that came by plain HTTP to HTTPS."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from clace.model import host_name, host_port, netloc
from clace.web.forwarded import Peer, TrustedProxies
from clace.web.http1 import DirectRequest, Entrance, answer, own_fields
from clace.web.root import RootResource

_HEALTH = b"/_clace/health"
_HTTP_PORT, _HTTPS_PORT = 80, 443


class HTTPSOnly(Resource, Entrance):
    """``root`` for requests over TLS, for all others a redirect to the same host.

    Names that ``is_ours`` does not know get to ``root``, which refuses them, so that nobody is sent
    anywhere by a Host header alone. Health checks are answered as they come.
    """

    def __init__(
        self,
        root: RootResource,
        proxies: TrustedProxies,
        is_ours: Callable[[str], bool],
        https_port: Callable[[], int],
    ) -> None:
        super().__init__()
        self._root = root
        self._proxies = proxies
        self._is_ours = is_ours
        self._https_port = https_port

    def takes(self, target: bytes) -> bool:
        return self._root.takes(target)

    def serve(self, request: DirectRequest) -> None:
        elsewhere = self._elsewhere(request, request.peer)
        if elsewhere is None:
            self._root.serve(request)
        else:
            location = (("Location", elsewhere.decode("ascii")),)
            answer(request, HTTPStatus.PERMANENT_REDIRECT, own_fields(location), b"")

    def getChild(self, path: bytes, request: Request) -> IResource:
        elsewhere = self._elsewhere(request, self._proxies.peer_of(request))
        if elsewhere is None:
            child: IResource = self._root.getChildWithDefault(path, request)
            return child
        return _Elsewhere(elsewhere)

    def _elsewhere(self, request: Request | DirectRequest, peer: Peer) -> bytes | None:
        """The address of the same over TLS, for a browser that is to ask for it there."""
        host = request.getHeader("host") or ""
        # A proxy that does not say what it was asked by may have been asked by HTTPS: a redirect
        # would come back here for ever.
        plain = peer.scheme == "http" and peer.scheme_told
        if request.path == _HEALTH or not plain or not self._is_ours(host_name(host)):
            return None
        place = netloc(host_name(host), self._port(request, host, peer))
        return b"https://" + place.encode("ascii") + request.uri

    def _port(self, request: Request | DirectRequest, host: str, peer: Peer) -> int | None:
        """The port of HTTPS, if it is not the usual one, where the browser came from.

        A proxy, or whatever else maps port 80 to ours, is taken to do the same for HTTPS.
        """
        local = getattr(request.getHost(), "port", None)
        is_mapped = host_port(host) is None and local != _HTTP_PORT
        port = _HTTPS_PORT if peer.proxied or is_mapped else self._https_port()
        return None if port == _HTTPS_PORT else port


class _Elsewhere(Resource):
    isLeaf = True

    def __init__(self, target: bytes) -> None:
        super().__init__()
        self._target = target

    def render(self, request: Request) -> bytes:
        request.setResponseCode(HTTPStatus.PERMANENT_REDIRECT)
        request.setHeader(b"location", self._target)
        return b""
