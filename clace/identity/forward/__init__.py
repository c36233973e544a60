"""Forward auth: another server decides about each request, after sign-in."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.forward.server import ForwardServer as ForwardServer
else:
    __getattr__ = face(
        __name__,
        server=("ForwardServer",),
    )
