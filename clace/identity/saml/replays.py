"""Messages that came before: each is of use once."""

from __future__ import annotations

import heapq
from hashlib import sha256

from twisted.internet.interfaces import IReactorTime

from clace.identity.saml.markup import refused

MOST = 100_000


class Replays:
    """The numbers of accepted messages, for as long as they could be accepted again.

    It need not outlive a restart: an answer has to name a request, whose state is used up in the
    database.
    """

    def __init__(self, clock: IReactorTime, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._known: set[bytes] = set()
        self._ends: list[tuple[float, bytes]] = []

    def take(self, sender: str, number: str, until: float) -> None:
        """Use up a message.

        :raises SignInRefused: if it came before, or more are remembered than may be.
        """
        now = self._clock.seconds()
        while self._ends and self._ends[0][0] <= now:
            self._known.discard(heapq.heappop(self._ends)[1])
        key = sha256(f"{sender}\n{number}".encode()).digest()
        if key in self._known:
            raise refused("the message came before")
        if len(self._known) >= self._most:
            raise refused("too many messages at a time to know which came before")
        self._known.add(key)
        heapq.heappush(self._ends, (until, key))
