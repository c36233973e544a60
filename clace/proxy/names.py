"""Names of other servers: they lead to no address that is only meant where it is spelled out."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.addresses import NAMEABLE, RESERVED, Address, kind

_MEANT = NAMEABLE | {""}
# Networks of companies have been made of these too, and nothing else is at them.
_MEANT_4 = _MEANT | {RESERVED}


class NotMeant(Exception):
    """A name leads to addresses only that no approved name means."""


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class CheckedNames:
    """The reactor for one connection by a name.

    The name was approved, and whoever owns it says where it leads: not to the metadata service of
    a cloud, nor to link-local or multicast addresses.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.nameResolver = self
        self._refused = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def resolveHostName(
        self, resolutionReceiver: IResolutionReceiver, hostName: str, *more: Any, **named: Any
    ) -> IHostResolution:
        receiver = _Checked(resolutionReceiver, self._is_meant)
        resolver = self._reactor.nameResolver
        found: IHostResolution = resolver.resolveHostName(receiver, hostName, *more, **named)
        return found

    def explain(self, failure: Failure) -> Failure:
        """Name the address that was refused, if the name has no other one."""
        if not self._refused or failure.check(DNSLookupError) is None:
            return failure
        return Failure(NotMeant(self._refused))

    def _is_meant(self, address: Address) -> bool:
        special = kind(address)
        is_meant = special in (_MEANT_4 if address.version == 4 else _MEANT)  # noqa: PLR2004
        if not is_meant:
            opens = "which only a URL with the address itself opens"
            self._refused = f"its name leads to {address}, a {special} address, {opens}"
        return is_meant


@implementer(IResolutionReceiver)
class _Checked:
    """Passes on the addresses that are meant."""

    def __init__(self, receiver: Any, is_meant: Any) -> None:
        self._receiver = receiver
        self._is_meant = is_meant
        self.resolutionBegan = receiver.resolutionBegan
        self.resolutionComplete = receiver.resolutionComplete

    def addressResolved(self, address: Any) -> None:
        if self._is_meant(ip_address(address.host)):
            self._receiver.addressResolved(address)
