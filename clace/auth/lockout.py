"""What guessing costs: a few tries, then a long wait."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

from clace.errors import LockedOut

LIMIT = 5
SECONDS = 15 * 60.0
# To push a lock out of a full table before its time, an attacker has to fill it with locks: more
# tries than bcrypt can be made to check in fifteen minutes.
CAPACITY = 10_000


class _Tries(Struct):
    """Tries that have not been forgiven, and when they are forgotten."""

    count: int
    until: float


class Lockout:
    """Counts tries for each address and user; the fifth that fails locks the pair."""

    def __init__(
        self,
        clock: IReactorTime,
        *,
        limit: int = LIMIT,
        seconds: float = SECONDS,
        capacity: int = CAPACITY,
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._seconds = seconds
        self._capacity = capacity
        self._tries: OrderedDict[bytes, _Tries] = OrderedDict()

    def check(self, key: bytes) -> None:
        """:raises LockedOut: the pair is locked; says for how long."""
        tries = self._current(key)
        if tries and tries.count >= self._limit:
            wait = max(1.0, tries.until - self._clock.seconds())
            raise LockedOut(
                f"too many failed sign-ins; try again in {_words(wait)}", retry_after=wait
            )

    def count(self, key: bytes) -> None:
        """Count a try, before it is known how it ends: many at once are no way round the limit."""
        tries = self._current(key) or _Tries(0, 0)
        tries.count += 1
        tries.until = self._clock.seconds() + self._seconds
        if key not in self._tries and len(self._tries) >= self._capacity:
            self._make_room()
        self._tries[key] = tries
        self._tries.move_to_end(key)

    def forgive(self, key: bytes) -> None:
        """Forget the tries of a pair that turned out to know the password."""
        self._tries.pop(key, None)

    def _current(self, key: bytes) -> _Tries | None:
        tries = self._tries.get(key)
        if tries and tries.until <= self._clock.seconds():
            del self._tries[key]
            return None
        return tries

    def _make_room(self) -> None:
        """Drop the oldest that is no lock; only if all are, the oldest lock."""
        now = self._clock.seconds()
        oldest = next(iter(self._tries))
        for key, tries in self._tries.items():
            if tries.until <= now or tries.count < self._limit:
                oldest = key
                break
        del self._tries[oldest]


def pair(address: str, user: str) -> bytes:
    """What tries are counted under; of an IPv6 address the network, for its owner has all of it."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        network = address
    else:
        network = _network(known) if isinstance(known, IPv6Address) else str(known)
    text = f"{network}\0{user}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _network(address: IPv6Address) -> str:
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return address.packed[:8].hex()


def _words(seconds: float) -> str:
    minutes = -(-int(seconds) // 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute"
