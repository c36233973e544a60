"""Names of hosts, looked up by the reactor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorPluggableNameResolver, IResolutionReceiver
from zope.interface import implementer

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a host name; none if it does not exist."""


def resolving(reactor: IReactorPluggableNameResolver) -> Resolve:
    """The addresses that the reactor's resolver has for a name."""

    async def resolve(host: str) -> Sequence[str]:
        resolution = _Resolution()
        reactor.nameResolver.resolveHostName(resolution, host)
        return await resolution.complete

    return resolve


@implementer(IResolutionReceiver)
class _Resolution:
    """The addresses of a name, as they come in."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.complete: Deferred[list[str]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        pass

    def addressResolved(self, address: Any) -> None:
        self.found.append(address.host)

    def resolutionComplete(self) -> None:
        if not self.complete.called:
            self.complete.callback(self.found)
