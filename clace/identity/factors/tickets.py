"""Offers and challenges that wait for their answer, in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

T = TypeVar("T")

SECONDS = 300.0
EACH = 50
CAPACITY = 10_000
_BYTES = 24


class Ticket(Struct, Generic[T], frozen=True):
    """A value that waits, until when, and for whom."""

    value: T
    owner: str
    until: float


class Tickets(Generic[T]):
    """Values by random names, each for five minutes.

    An owner who has too many loses the oldest, and so does the one with most if all have.
    """

    def __init__(
        self,
        clock: IReactorTime,
        token: Callable[[int], str],
        *,
        each: int = EACH,
        capacity: int = CAPACITY,
    ) -> None:
        self._clock = clock
        self._token = token
        self._each = each
        self._capacity = capacity
        self._waiting: dict[str, Ticket[T]] = {}
        self._owners: dict[str, OrderedDict[str, None]] = {}

    def issue(self, value: T, owner: str) -> str:
        """Keep a value and return its name."""
        name = self._token(_BYTES)
        self._waiting[name] = Ticket(value, owner, self._clock.seconds() + SECONDS)
        names = self._owners.setdefault(owner, OrderedDict())
        names[name] = None
        if len(names) > self._each:
            self._drop(next(iter(names)))
        if len(self._waiting) > self._capacity:
            fullest = max(self._owners.values(), key=len)
            self._drop(next(iter(fullest)))
        return name

    def look(self, name: str) -> T | None:
        """Return the value of a name, and keep it."""
        ticket = self._waiting.get(name)
        if ticket is None:
            return None
        if ticket.until <= self._clock.seconds():
            self._drop(name)
            return None
        return ticket.value

    def take(self, name: str) -> T | None:
        """Return the value of a name this one time."""
        found = self.look(name)
        if found is not None:
            self._drop(name)
        return found

    def _drop(self, name: str) -> None:
        owner = self._waiting.pop(name).owner
        names = self._owners[owner]
        del names[name]
        if not names:
            del self._owners[owner]
