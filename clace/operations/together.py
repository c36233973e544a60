"""Several things at a time, but not all at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from twisted.internet.defer import Deferred, DeferredList

T = TypeVar("T")
Work = Callable[[], Awaitable[T]]


async def together(works: Iterable[Work[T]], most: int) -> list[T]:
    """Return the results of the works in their order; at most so many are under way.

    After a failure none is begun; those under way end first, and the first in order is raised.
    """
    waiting = iter(enumerate(works))
    results: dict[int, T] = {}
    failures: dict[int, Exception] = {}

    async def take_turns() -> None:
        for place, work in waiting:
            try:
                results[place] = await work()
            except Exception as error:  # noqa: BLE001 - raised again when all have ended
                failures[place] = error
            if failures:
                return

    await DeferredList([Deferred.fromCoroutine(take_turns()) for _ in range(most)])
    if failures:
        raise failures[min(failures)]
    return [results[place] for place in sorted(results)]
