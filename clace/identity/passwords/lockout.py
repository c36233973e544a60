"""The cost of guessing: a few tries for a name, some more for an address, then a wait."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import UNSET, Struct
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace.admin_api import LockedName, LockoutList, LockoutsCleared
from clace.errors import LockedOut, NoSuchLockout
from clace.identity.passwords.trust import TrustedNames
from clace.interfaces import ILockouts
from clace.networks import read_network

LIMIT = 5
SECONDS = 15 * 60.0
ADDRESS_LIMIT = 30
# Names that do not exist are kept up to this number; those that exist always. Either is more than
# bcrypt can check in fifteen minutes, and only what it checked is counted.
CAPACITY = 50_000
LISTED = 1_000
NAME_SHOWN = 64


class _Tries(Struct):
    """Failed tries of a name from a network, and when they are forgotten."""

    network: str
    user: str
    count: int = 0
    until: float = 0


class _Level(Struct):
    """Failed tries of a network over all names; the level falls as time passes."""

    tries: float = 0
    at: float = 0


@implementer(ILockouts)
class Lockout:
    """Count failed tries for each network and user, and for each network over all users.

    Nothing that still counts is dropped for a name that exists. A name that signs in from a network
    is not held to the limit of that network: an office has one address.
    """

    def __init__(
        self,
        clock: IReactorTime,
        *,
        limit: int = LIMIT,
        seconds: float = SECONDS,
        address_limit: int = ADDRESS_LIMIT,
        capacity: int = CAPACITY,
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._seconds = seconds
        self._address_limit = address_limit
        self._capacity = capacity
        # Both in the order of their last try, so that the oldest is the first to be forgotten.
        self._tries: OrderedDict[bytes, _Tries] = OrderedDict()
        self._unknown: OrderedDict[bytes, None] = OrderedDict()
        self._levels: OrderedDict[str, _Level] = OrderedDict()
        self._trusted = TrustedNames(clock)

    def check(self, network: str, user: str) -> None:
        """:raises LockedOut: if the user is locked for this network; says for how long."""
        tries = self._tries.get(_key(network, user)) if self._tries else None
        if tries is None and network not in self._levels:
            return
        now = self._clock.seconds()
        wait = 0.0
        if tries and tries.count >= self._limit:
            wait = tries.until - now
        if wait <= 0 and not self.trusts(network, user):
            wait = self._address_wait(network, now)
        if wait > 0:
            wait = max(1.0, wait)
            raise LockedOut(
                f"too many failed sign-ins; try again in {_words(wait)}", retry_after=wait
            )

    def count(self, network: str, user: str, *, known: bool) -> bool:
        """Count a try before its result is known; return whether it is the last before a lock."""
        now = self._clock.seconds()
        self._forget(now)
        tries = self._count_pair(network, user, known, now)
        level = self._levels.setdefault(network, _Level())
        level.tries, level.at = self._level(level, now) + 1, now
        self._levels.move_to_end(network)
        return tries.count >= self._limit or (
            not self.trusts(network, user) and self._address_wait(network, now) > 0
        )

    def forgive(self, network: str, user: str) -> int:
        """Forget and return the tries of a user who turned out to know the password.

        Tries for other names stay: a guesser who has an account gains nothing by signing in.
        """
        self._trusted.add(network, user)
        return self._drop(_key(network, user))

    def trusts(self, network: str, user: str) -> bool:
        """Return whether the user has signed in from this network."""
        return self._trusted.holds(network, user)

    def list_lockouts(self) -> LockoutList:
        now = self._clock.seconds()
        self._forget(now)
        locked = sorted(self._locked(now), key=lambda one: one.until, reverse=True)
        return LockoutList(tuple(locked[:LISTED]), len(locked))

    def clear_lockouts(self, address: str, user: str, *, dry_run: bool = False) -> LockoutsCleared:
        self._forget(self._clock.seconds())
        network, name = read_network(address), _shown(user)
        chosen = [
            key
            for key, tries in self._tries.items()
            if network in {"", tries.network} and name in {"", tries.user}
        ]
        networks = set(self._levels) if not network else {network} & set(self._levels)
        count = len(chosen) + (0 if user else len(networks))
        if not dry_run:
            for key in chosen:
                self._drop(key)
            for each in () if user else networks:
                self._levels.pop(each, None)
        if not count and (address or user):
            about = " and ".join(filter(None, (address, user and f"user {user}")))
            raise NoSuchLockout(f"no failed sign-in is held against {about}{self._meant(name)}")
        would = (f"- failures of {count} user(s) and address(es)",) if dry_run else UNSET
        return LockoutsCleared(count, dry_run=dry_run or UNSET, would_change=would)

    def _meant(self, name: str) -> str:
        """Return the end of a message that asks for an id that failed, if it ends in this name."""
        found = (one.user for one in self._tries.values() if one.user.endswith(f":{name}"))
        meant = next(found, "") if name else ""
        return f"; did you mean {meant}?" if meant else ""

    def _count_pair(self, network: str, user: str, known: bool, now: float) -> _Tries:  # noqa: FBT001
        key = _key(network, user)
        tries = self._tries.get(key)
        if tries is None:
            tries = _Tries(network, _shown(user))
            self._tries[key] = tries
        tries.count += 1
        tries.until = now + self._seconds
        self._tries.move_to_end(key)
        if not known:
            self._unknown[key] = None
            self._unknown.move_to_end(key)
            if len(self._unknown) > self._capacity:
                oldest, _ = self._unknown.popitem(last=False)
                del self._tries[oldest]
        return tries

    def _drop(self, key: bytes) -> int:
        """Forget the tries of a name, those that its network was charged for too."""
        tries = self._tries.pop(key, None)
        if tries is None:
            return 0
        self._unknown.pop(key, None)
        if level := self._levels.get(tries.network):
            level.tries = max(0.0, level.tries - tries.count)
        return tries.count

    def _forget(self, now: float) -> None:
        while self._tries and (first := next(iter(self._tries.items())))[1].until <= now:
            del self._tries[first[0]]
            self._unknown.pop(first[0], None)
        while self._levels:
            network, level = next(iter(self._levels.items()))
            if level.at + self._seconds > now:
                return
            del self._levels[network]

    def _level(self, level: _Level, now: float) -> float:
        gone = (now - level.at) * self._address_limit / self._seconds
        return max(0.0, level.tries - gone)

    def _address_wait(self, network: str, now: float) -> float:
        level = self._levels.get(network)
        if level is None:
            return 0
        over = self._level(level, now) + 1 - self._address_limit
        return max(0.0, over * self._seconds / self._address_limit)

    def _locked(self, now: float) -> Iterator[LockedName]:
        for tries in self._tries.values():
            if tries.count >= self._limit and tries.until > now:
                yield _row(tries.network, tries.user, tries.count, tries.until)
        for network, level in self._levels.items():
            if wait := self._address_wait(network, now):
                yield _row(network, "", round(self._level(level, now)), now + wait)


def _row(network: str, user: str, count: int, until: float) -> LockedName:
    return LockedName(network, user, count, datetime.fromtimestamp(until, UTC))


def _key(network: str, user: str) -> bytes:
    text = f"{network}\0{user}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _shown(user: str) -> str:
    """Return as much of a name as is kept: a stranger chooses its length."""
    if len(user) <= NAME_SHOWN:
        return user.encode("utf-8", "replace").decode()
    return user[:NAME_SHOWN].encode("utf-8", "replace").decode() + "..."


def _words(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{-(-seconds // 1):.0f} seconds"
    minutes = -(-int(seconds) // 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute"
