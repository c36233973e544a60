"""Work that several wait for and that is done once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs ``work`` for the first who asks; those who ask meanwhile get the same outcome.

    Whoever stops waiting does not stop the work.
    """

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._waiters: list[Deferred[T]] | None = None

    @property
    def goes_on(self) -> bool:
        """Return true while the work goes on."""
        return self._waiters is not None

    async def result(self) -> T:
        waiter: Deferred[T] = Deferred()
        if self._waiters is not None:
            self._waiters.append(waiter)
            return await waiter
        self._waiters = [waiter]
        done: Deferred[T] = Deferred.fromCoroutine(self._work())  # type: ignore[arg-type]
        done.addBoth(self._tell)
        return await waiter

    def _tell(self, outcome: Any) -> None:
        waiters, self._waiters = self._waiters or [], None
        for waiter in waiters:
            if waiter.called:
                continue
            if isinstance(outcome, Failure):
                waiter.errback(outcome)
            else:
                waiter.callback(outcome)
