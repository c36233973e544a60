"""Resources that are made when somebody first asks for them."""

from __future__ import annotations

from collections.abc import Callable

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request


class LateResource(Resource):
    """Stands for a leaf that takes long to import and that a server may never be asked for."""

    isLeaf = True

    def __init__(self, make: Callable[[], IResource]) -> None:
        super().__init__()
        self._make = make
        self._made: IResource | None = None

    def render(self, request: Request) -> bytes | int:
        if self._made is None:
            self._made = self._make()
        return self._made.render(request)  # type: ignore[no-any-return]
