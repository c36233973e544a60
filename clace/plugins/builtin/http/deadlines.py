"""Work that may only take so long."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from clace.plugins.kit import CallFailed

T = TypeVar("T")


async def in_time(
    clock: IReactorTime, work: Coroutine[Deferred[Any], Any, T], seconds: float, told: str
) -> T:
    """Wait for the work and return its result.

    :raises CallFailed: if it takes too long, with the text ``told``; it is cancelled.
    """
    running = Deferred.fromCoroutine(work)
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        running.cancel()

    deadline = clock.callLater(seconds, expire)
    try:
        return await running
    except Exception:
        # What is cancelled may fail in any way that one of its layers knows.
        if expired:
            raise CallFailed(told) from None
        raise
    finally:
        if deadline.active():
            deadline.cancel()
