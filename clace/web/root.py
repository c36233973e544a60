"""What a listener serves: the server's own prefix, and apps everywhere else."""

from __future__ import annotations

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from clace.web.app_refusals import TEXT

_RESERVED = frozenset({b"_clace_webhook"})


class Root(Resource):
    """``/_clace/health`` for everybody, the rest of ``/_clace`` if ``admin`` is there, and apps."""

    def __init__(self, admin: IResource | None, apps: IResource | None) -> None:
        super().__init__()
        self._ours = _Ours(admin)
        self._apps = apps or _Plain(404, "404 page not found")

    def getChild(self, path: bytes, _request: Request) -> IResource:
        if path == b"_clace":
            return self._ours
        if path in _RESERVED:
            return _Plain(404, "404 page not found")
        return self._apps


class _Ours(Resource):
    def __init__(self, admin: IResource | None) -> None:
        super().__init__()
        self._admin = admin or _Plain(404, "404 page not found")

    def getChild(self, path: bytes, request: Request) -> IResource:
        if path == b"health" and not request.postpath:
            return _Plain(200, "OK")
        # The admin API matches the rest of the path itself.
        assert request.prepath is not None
        assert request.postpath is not None
        request.postpath.insert(0, request.prepath.pop())
        return self._admin

    def render(self, request: Request) -> bytes:
        return _Plain(404, "404 page not found").render(request)


class _Plain(Resource):
    """One text for every method."""

    isLeaf = True

    def __init__(self, status: int, text: str) -> None:
        super().__init__()
        self._status = status
        self._text = text

    def render(self, request: Request) -> bytes:
        request.setResponseCode(self._status)
        request.setHeader(*TEXT)
        request.setHeader("x-content-type-options", "nosniff")
        return self._text.encode()
