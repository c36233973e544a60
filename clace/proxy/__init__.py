"""The streaming reverse proxy."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.proxy.connecting import NetworkEndpoints as NetworkEndpoints
    from clace.proxy.relaying import Proxy as Proxy
else:
    __getattr__ = face(
        __name__,
        connecting=("NetworkEndpoints",),
        relaying=("Proxy",),
    )
