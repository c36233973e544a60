"""Names that sign in from a network, for which that network's limit does not hold."""

from __future__ import annotations

from collections import OrderedDict

from twisted.internet.interfaces import IReactorTime

SECONDS = 30 * 24 * 3600.0
NETWORKS = 64


class TrustedNames:
    """Remember for each name the last networks it signed in from.

    Only a right password makes an entry, and the oldest network of one name never costs another
    name anything.
    """

    def __init__(self, clock: IReactorTime, *, networks: int = NETWORKS) -> None:
        self._clock = clock
        self._networks = networks
        self._until: dict[str, OrderedDict[str, float]] = {}

    def add(self, network: str, user: str) -> None:
        known = self._until.setdefault(user, OrderedDict())
        known[network] = self._clock.seconds() + SECONDS
        known.move_to_end(network)
        if len(known) > self._networks:
            known.popitem(last=False)

    def holds(self, network: str, user: str) -> bool:
        known = self._until.get(user)
        return known is not None and known.get(network, 0.0) > self._clock.seconds()
