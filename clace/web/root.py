"""The root of a listener: the server's own prefix, and apps everywhere else."""

from __future__ import annotations

from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from clace.errors import NoSuchRoute
from clace.model import NO_ROUTE, AppResponse
from clace.urlencoded import unescaped
from clace.web.apps import ServedApps
from clace.web.http1 import DirectRequest, Entrance
from clace.web.login import OurRoutes
from clace.web.pages import Trouble, preferred, send, trouble_answer

TEXT = ("Content-Type", "text/plain; charset=utf-8")
_HEALTHY = AppResponse(headers=(TEXT,), body=b"OK")
_HEALTH = b"/_clace/health"
_OURS = b"_clace"
_PREFIXES = (b"/_clace/", b"/_clace_webhook/")
_RESERVED = frozenset({_OURS, b"_clace_webhook"})
# Their first byte, as it is or written in hexadecimal digits.
_MAY_BE_OURS = (b"_", b"%")


class RootResource(Resource, Entrance):
    """``/_clace/health`` for everybody, the rest of ``/_clace`` if ``admin`` is there, and apps."""

    def __init__(
        self,
        admin: IResource | None,
        apps: ServedApps | None,
        ours: OurRoutes | None = None,
    ) -> None:
        super().__init__()
        self._ours = _Ours(admin)
        self._apps = apps
        self._steps = ours

    def takes(self, target: bytes) -> bool:
        """Return true for the health check, our other routes but the admin API, and apps."""
        if target[1:2] not in _MAY_BE_OURS:
            return self._apps is not None and target != b"*"
        first = target[1:].partition(b"?")[0].partition(b"/")[0]
        if unescaped(first) not in _RESERVED:
            return self._apps is not None and target != b"*"
        return target == _HEALTH or (target.startswith(_PREFIXES) and self._is_step(target))

    def serve(self, request: DirectRequest) -> None:
        target = request.uri
        if target[1:2] != b"_":
            assert self._apps is not None
            self._apps.serve(request)
        elif target == _HEALTH:
            send(request, _HEALTHY)
        elif target.startswith(_PREFIXES) and self._is_step(target):
            assert self._steps is not None
            self._steps.serve(request)
        else:
            assert self._apps is not None
            self._apps.serve(request)

    def _is_step(self, target: bytes) -> bool:
        """Tell whether a target with our prefix is a page of ours."""
        return self._steps is not None and self._steps.takes(target)

    def getChild(self, path: bytes, _request: Request) -> IResource:
        return self._ours if path == _OURS else _Missing()


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
        send(request, _HEALTHY)
        return NOT_DONE_YET


class _Missing(Resource):
    """Says for every method that nothing is there."""

    isLeaf = True

    def render(self, request: Request) -> int:
        trouble = Trouble(status=404, code=NoSuchRoute.code, message=NO_ROUTE)
        send(request, trouble_answer(trouble, preferred(request)))
        return NOT_DONE_YET
