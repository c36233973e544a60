"""Plans of the networks of programs: who may reach what, by which door, and who is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from ipaddress import IPv4Address, ip_address
from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from zope.interface import implementer

from clace.egress.connections import DoorFactory
from clace.egress.guard import EgressGuard, EgressRefused, is_own_address, own_ports
from clace.egress.splice import SpliceEnd
from clace.egress.targets import EgressTarget, egress_target
from clace.interfaces import EgressDoor, EgressPlan, IAuditEvents, IEgress
from clace.model import Deed, deeds
from clace.resolving import Resolve, resolving

_LOOPBACK = "127.0.0.1"
_PROXY_PORT = 3128
_HOSTS_OF_A_NET = 250
_CONNECT_SECONDS = 10
_MOST_OF_AN_APP = 64
_MOST = 512
_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_UNPROXIED = "localhost,127.0.0.1,::1"


class EgressPlaces:
    """Connections that may be open at a time: each takes two descriptors from the server.

    Those of one app are a part of those of all.
    """

    def __init__(self, most: int, of_all: EgressPlaces | None = None) -> None:
        self._free = most
        self._of_all = of_all

    def take(self) -> bool:
        """Take a place; return false if all are taken."""
        if not self._free or (self._of_all is not None and not self._of_all.take()):
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        self._free += 1
        if self._of_all is not None:
            self._of_all.give_back()


@implementer(IEgress)
class Egress:
    """Opens doors for programs; whatever else they ask for is refused, logged and recorded."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        events: IAuditEvents,
        resolve: Resolve | None = None,
        most: int = _MOST,
    ) -> None:
        """``most`` connections are open at a time, of all programs together."""
        self._reactor = reactor
        self._events = events
        self._places = EgressPlaces(most)
        self._bounds = (
            f"it has {_MOST_OF_AN_APP} connections, or all programs together {most}: no more may be"
            " open at a time"
        )
        resolve = resolve or resolving(reactor)
        self._guard = EgressGuard(resolve, partial(own_ports, reactor), is_own_address)

    def plan(self, app: str, network: tuple[str, ...], own_port: int = 0) -> EgressPlan:
        targets = tuple(dict.fromkeys(map(egress_target, network)))
        if not targets:
            return EgressPlan()
        names = dict(_names(targets))
        taken = {own_port, *(one.port for one in targets if one.host == _LOOPBACK)}
        port = next(port for port in range(_PROXY_PORT, 65536) if port not in taken)
        proxy = f"http://{_LOOPBACK}:{port}"
        variables = dict.fromkeys(_VARIABLES, proxy) | {"no_proxy": _UNPROXIED}
        return EgressPlan(
            doors=tuple(
                door
                for door in self._doors(app, port, targets, names)
                if door.port != own_port  # the program may listen on every address
            ),
            names=names,
            environment=variables | {name.upper(): value for name, value in variables.items()},
        )

    def _doors(
        self, app: str, port: int, targets: Collection[EgressTarget], names: dict[str, str]
    ) -> Iterator[EgressDoor]:
        dial = partial(self._dial, app, frozenset(targets))
        places = EgressPlaces(_MOST_OF_AN_APP, self._places)
        enter = partial(self._enter, app, places)
        make = partial(DoorFactory, app, self._reactor, dial, enter, places.give_back)
        yield EgressDoor(_LOOPBACK, port, make())
        for target in targets:
            address = names.get(target.host, target.host)
            if isinstance(ip_address(address), IPv4Address):
                yield EgressDoor(address, target.port, make(target))

    def _enter(self, app: str, places: EgressPlaces) -> bool:
        """Take a place for a connection; return false, and record it, if all are taken."""
        has_place = places.take()
        if not has_place:
            self._refused(app, "another host", self._bounds)
        return has_place

    async def _dial(
        self, app: str, approved: Collection[EgressTarget], target: EgressTarget
    ) -> SpliceEnd:
        """A connection to the target.

        :raises EgressRefused: if it is not approved, or is at an address that nobody approved.
        :raises NotFound: if its host has no address.
        :raises ConnectError: if it takes no connection.
        """
        try:
            addresses = await self._addresses(approved, target)
        except EgressRefused as error:
            self._refused(app, str(target), str(error))
            raise
        failure = ConnectError(string=f"{target} takes no connection")
        for address in addresses:
            try:
                return await self._connected(address, target.port)
            except ConnectError as error:
                failure = error
        raise failure

    async def _addresses(
        self, approved: Collection[EgressTarget], target: EgressTarget
    ) -> tuple[str, ...]:
        if target not in approved:
            raise EgressRefused(f"{target} was not approved for this app")
        return await self._guard.addresses(target, approved)

    async def _connected(self, address: str, port: int) -> SpliceEnd:
        kind = TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint
        endpoint = kind(self._reactor, address, port, _CONNECT_SECONDS)
        factory = Factory.forProtocol(SpliceEnd)
        factory.noisy = False
        end: Any = await endpoint.connect(factory)
        assert isinstance(end, SpliceEnd)
        return end

    def _refused(self, app: str, target: str, reason: str) -> None:
        """Record it; an app that asks without end has its share of the logs."""
        deed = Deed(
            operation="egress_refused",
            target=target,
            app_id=app,
            status=deeds.REFUSED,
            detail=reason,
            source=app,
            is_known=True,
        )
        if self._events.record(deed):
            self._log.warn(
                "{app} may not reach {target}: {why}", app=app, target=target, why=reason
            )


def _names(targets: Collection[EgressTarget]) -> Iterator[tuple[str, str]]:
    """An address on the loopback for each name of a host."""
    named = dict.fromkeys(target.host for target in targets if target.address is None)
    for number, host in enumerate(named):
        net, place = divmod(number, _HOSTS_OF_A_NET)
        yield host, f"127.0.{net}.{place + 2}"
