"""Limits on connections, in all and of one address, and the idle ones that make room."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.logger import Logger

from clace.networks import network_of
from clace.web.forwarded import TrustedProxies, ip_of

_QUIET_SECONDS = 60
log = Logger()


class ConnectionBounds(Struct, frozen=True, kw_only=True):
    """``most`` in all and ``each`` of an address, 0 for any; ``ceiling`` holds for everybody."""

    most: int = 4096
    each: int = 256
    ceiling: int = 1_000_000


class CountedConnection(Protocol):
    """A counted connection."""

    def abort(self) -> None:
        """Close it now."""


class _AddressConnections:
    """The connections of one address."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members = 0
        self.idle: dict[CountedConnection, None] = {}


class ConnectionCounts:
    """Counts connections. Those without a request make room for new ones, the longest idle first;
    a new one that finds no room is refused.

    Trusted proxies and UNIX sockets have the ceiling only: they speak for many, and are not closed
    for others.
    """

    def __init__(
        self, bounds: ConnectionBounds, proxies: TrustedProxies, clock: IReactorTime
    ) -> None:
        self._bounds = bounds
        self._proxies = proxies
        self._clock = clock
        self._open: dict[CountedConnection, _AddressConnections | None] = {}
        self._groups: dict[str, _AddressConnections] = {}
        self._idle: dict[CountedConnection, None] = {}
        self._counted = 0
        self._refused = 0
        self._told_at = float("-inf")

    def admit(self, connection: CountedConnection, peer: IAddress | None) -> bool:
        """Count a new connection, which is idle so far, unless there are too many."""
        name = self._group_of(peer)
        group = self._groups.get(name) or _AddressConnections(name) if name else None
        if not self._has_room(group):
            self._refused += 1
            self._tell(name)
            return False
        self._open[connection] = group
        if group is not None:
            self._groups[name] = group
            group.members += 1
            self._counted += 1
        self.idle(connection)
        return True

    def idle(self, connection: CountedConnection) -> None:
        """Note that it has no request: of those, it is now the last to make room."""
        group = self._open.get(connection)
        if group is not None:
            group.idle[connection] = self._idle[connection] = None

    def busy(self, connection: CountedConnection) -> None:
        """Note that it has a request, and is not closed for others."""
        group = self._open.get(connection)
        if group is not None:
            group.idle.pop(connection, None)
            self._idle.pop(connection, None)

    def forget(self, connection: CountedConnection) -> None:
        """Stop counting a closed connection; one that was never counted does not matter."""
        self.busy(connection)
        group = self._open.pop(connection, None)
        if group is not None:
            self._counted -= 1
            group.members -= 1
            if not group.members:
                del self._groups[group.name]

    def _has_room(self, group: _AddressConnections | None) -> bool:
        """Make room for one more, by closing an idle one if need be; true if there is room."""
        bounds = self._bounds
        if group is not None:
            if bounds.each and group.members >= bounds.each and not self._close_one(group.idle):
                return False
            if bounds.most and self._counted >= bounds.most and not self._close_one(self._idle):
                return False
        return len(self._open) < bounds.ceiling or self._close_one(self._idle)

    def _close_one(self, idle: dict[CountedConnection, None]) -> bool:
        oldest = next(iter(idle), None)
        if oldest is None:
            return False
        self.forget(oldest)
        oldest.abort()
        return True

    def _group_of(self, peer: IAddress | None) -> str:
        """Return the group that counts as one address; empty for peers that are not counted."""
        address = ip_of(peer)
        if address is None or peer is None or self._proxies.includes(peer):
            return ""
        return network_of(str(address))

    def _tell(self, name: str) -> None:
        """Log it, at most every so often: a flood of connections is not one of lines too."""
        if self._clock.seconds() - self._told_at < _QUIET_SECONDS:
            return
        log.warn(  # noqa: G010 - Twisted's name for it
            "Refused {refused} connections, the last from {peer}: {open} are open, see http.limits",
            refused=self._refused,
            peer=name or "a proxy",
            open=len(self._open),
        )
        self._refused, self._told_at = 0, self._clock.seconds()
