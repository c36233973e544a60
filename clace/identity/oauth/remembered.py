"""Values that are fetched from elsewhere when they are needed, and kept for a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IReactorTime

from clace.errors import ProviderUnavailable
from clace.single_flight import SingleFlight

T = TypeVar("T")
KEPT_SECONDS = 3600
FAILED_SECONDS = 5


class Remembered(Generic[T]):
    """All who ask at the same time wait for one fetch. A failure is repeated for a few seconds
    without another fetch, so that a flood of sign-ins does not reach a provider that is down.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: IReactorTime) -> None:
        self._fetch = fetch
        self._clock = clock
        self._flight = SingleFlight(self._fetched)
        self._value: T | None = None
        self._time = float("-inf")
        self._failure = ""
        self._failed = float("-inf")

    async def value(self, max_age: float = KEPT_SECONDS) -> T:
        """Return the value, at most so many seconds old.

        :raises ProviderUnavailable: it cannot be had.
        """
        now = self._clock.seconds()
        if self._value is not None and now - self._time < max_age:
            return self._value
        if now - self._failed < FAILED_SECONDS:
            raise ProviderUnavailable(self._failure)
        return await self._flight.result()

    async def _fetched(self) -> T:
        try:
            value = await self._fetch()
        except ProviderUnavailable as error:
            self._failure, self._failed = error.message, self._clock.seconds()
            raise
        self._value, self._time = value, self._clock.seconds()
        return value
