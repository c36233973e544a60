"""A guard of targets: a name is resolved once, and the checked addresses are connected to."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import Any

from twisted.internet.interfaces import IListeningPort

from clace.addresses import PRIVATE, RESERVED, SHARED, Address, kind, plain
from clace.egress.targets import EgressTarget
from clace.resolving import Resolve

_REACHABLE = frozenset({"", PRIVATE, SHARED})
# Networks of companies have been made of these too, and nothing else is at them.
_REACHABLE_4 = _REACHABLE | {RESERVED}


class EgressRefused(Exception):
    """The program may not reach this; the text may be shown to it."""


class NotFound(Exception):
    """The host has no address."""


class EgressGuard:
    """Knows the addresses that a target may have.

    Whoever approved a name did not mean the machine itself, a metadata service, or a listener of
    this server: the address itself does.
    """

    def __init__(
        self,
        resolve: Resolve,
        own_ports: Callable[[], Collection[int]],
        is_own: Callable[[Address], bool],
    ) -> None:
        self._resolve = resolve
        self._own_ports = own_ports
        self._is_own = is_own

    async def addresses(
        self, target: EgressTarget, approved: Collection[EgressTarget] = ()
    ) -> tuple[str, ...]:
        """The addresses to connect to, in their order. A name may lead to any that is ``approved``
        itself.

        :raises NotFound: if the host has none.
        :raises EgressRefused: if none of them may be reached.
        """
        if target.address is not None:
            return (target.host,)
        found = [ip_address(text) for text in await self._resolve(target.host)]
        if not found:
            raise NotFound(f"host {target.host} not found")
        opened = {each.host for each in approved if each.port == target.port}
        reasons = {
            address: self._reason(address, target.port) if str(address) not in opened else ""
            for address in found
        }
        allowed = tuple(str(address) for address, reason in reasons.items() if not reason)
        if not allowed:
            address, reason = next(iter(reasons.items()))
            raise EgressRefused(f"{target} is at {address}, {reason}")
        return allowed

    def _reason(self, address: Address, port: int) -> str:
        special = kind(address)
        if special not in (_REACHABLE_4 if address.version == 4 else _REACHABLE):  # noqa: PLR2004
            return f"a {special} address, which only an approval of the address itself opens"
        if port in self._own_ports() and self._is_own(plain(address)):
            return "a listener of this server"
        return ""


def own_ports(reactor: Any) -> Collection[int]:
    """The ports at which this server listens now, but for those behind walls."""
    listening = [one for one in reactor.getReaders() if IListeningPort.providedBy(one)]
    ours = (
        one.getHost()
        for one in listening
        if not getattr(getattr(one, "factory", None), "is_door", False)
    )
    return {host.port for host in ours if hasattr(host, "port")}


def is_own_address(address: Address) -> bool:
    """Tell whether an address is one of this machine's."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True
