"""Whose turn it is: no owner of documents keeps the others from theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred, DeferredSemaphore

from clace.plugins.builtin.store.failures import BUSY
from clace.plugins.kit import CallFailed

Done = Callable[[], object]


class OwnerTurns:
    """``count`` at once, ``each`` of one owner; the others wait, in the order in which they came.

    An owner who wants more turns at once than that waits for himself first, and is in the way of
    the others with ``each`` only.
    """

    def __init__(self, clock: Any, seconds: float, count: int, each: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._each = each
        self._all = DeferredSemaphore(count)
        self._own: dict[str, DeferredSemaphore] = {}

    async def take(self, owner: str) -> Done:
        """Wait for a turn and return the function that gives it back; to be called once.

        :raises CallFailed: if the turn does not come in time.
        """
        own = self._own.setdefault(owner, DeferredSemaphore(self._each))
        if own.tokens and self._all.tokens:
            # Nobody is before us: there is nothing to wait for.
            own.acquire()
            self._all.acquire()
            return self._done(own)
        turn: Deferred[Done] = Deferred.fromCoroutine(self._taken(own))
        try:
            return await turn.addTimeout(self._seconds, self._clock)
        except defer.TimeoutError:
            raise CallFailed(BUSY) from None

    async def _taken(self, own: DeferredSemaphore) -> Done:
        await own.acquire()
        try:
            await self._all.acquire()
        except BaseException:
            own.release()
            raise
        return self._done(own)

    def _done(self, own: DeferredSemaphore) -> Done:
        def done() -> None:
            self._all.release()
            own.release()

        return done
