"""The root of a listener: the server's own prefix, and apps everywhere else."""

from __future__ import annotations

from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from clace.errors import NoSuchRoute
from clace.model.traffic import NO_ROUTE, AppResponse
from clace.web.pages import Trouble, preferred, send, told

TEXT = ("Content-Type", "text/plain; charset=utf-8")
_RESERVED = frozenset({b"_clace_webhook"})


class Root(Resource):
    """``/_clace/health`` for everybody, the rest of ``/_clace`` if ``admin`` is there, and apps."""

    def __init__(self, admin: IResource | None, apps: IResource | None) -> None:
        super().__init__()
        self._ours = _Ours(admin)
        self._apps = apps or _Missing()

    def getChild(self, path: bytes, _request: Request) -> IResource:
        if path == b"_clace":
            return self._ours
        if path in _RESERVED:
            return _Missing()
        return self._apps


class _Ours(Resource):
    def __init__(self, admin: IResource | None) -> None:
        super().__init__()
        self._admin = admin or _Missing()

    def getChild(self, path: bytes, request: Request) -> IResource:
        if path == b"health" and not request.postpath:
            return _Health()
        # The admin API matches the rest of the path itself.
        assert request.prepath is not None
        assert request.postpath is not None
        request.postpath.insert(0, request.prepath.pop())
        return self._admin

    def render(self, request: Request) -> int:
        return _Missing().render(request)


class _Health(Resource):
    """Answers every method: the server runs."""

    isLeaf = True

    def render(self, request: Request) -> int:
        send(request, AppResponse(headers=(TEXT,), body=b"OK"))
        return NOT_DONE_YET


class _Missing(Resource):
    """Says for every method that nothing is there."""

    isLeaf = True

    def render(self, request: Request) -> int:
        trouble = Trouble(status=404, code=NoSuchRoute.code, message=NO_ROUTE)
        send(request, told(trouble, preferred(request)))
        return NOT_DONE_YET
