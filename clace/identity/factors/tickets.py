"""Offers and challenges that wait for their answer, in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IReactorTime

T = TypeVar("T")

SECONDS = 300.0
CAPACITY = 10_000
_BYTES = 24


class Tickets(Generic[T]):
    """Values by random names, each for five minutes; the oldest make room for new ones."""

    def __init__(
        self, clock: IReactorTime, token: Callable[[int], str], *, capacity: int = CAPACITY
    ) -> None:
        self._clock = clock
        self._token = token
        self._capacity = capacity
        self._waiting: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def issue(self, value: T) -> str:
        """Keep a value and return its name."""
        name = self._token(_BYTES)
        self._waiting[name] = self._clock.seconds() + SECONDS, value
        if len(self._waiting) > self._capacity:
            self._waiting.popitem(last=False)
        return name

    def look(self, name: str) -> T | None:
        """Return the value of a name, and keep it."""
        until, value = self._waiting.get(name, (0.0, None))
        return value if until > self._clock.seconds() else None

    def take(self, name: str) -> T | None:
        """Return the value of a name this one time."""
        found = self.look(name)
        self._waiting.pop(name, None)
        return found
