"""Names the endpoint prefix ``clace-tls:``; imports nothing of ours until such a string is read."""

from typing import Any

from twisted.internet.interfaces import IStreamServerEndpoint, IStreamServerEndpointStringParser
from twisted.plugin import IPlugin
from zope.interface import implementer


@implementer(IPlugin, IStreamServerEndpointStringParser)
class _TLSByNameParser:
    prefix = "clace-tls"

    def parseStreamServer(
        self, reactor: Any, *args: object, **kwargs: object
    ) -> IStreamServerEndpoint:
        from clace.listeners.endpoints import tls_by_name  # noqa: PLC0415

        named = {name: str(value) for name, value in kwargs.items()}
        return tls_by_name(reactor, *map(str, args), **named)


tls_by_name = _TLSByNameParser()
