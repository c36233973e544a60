"""Shares of the resources that the requests of all apps have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from weakref import WeakValueDictionary

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime

from clace.plugins.builtin.http.deadlines import in_time
from clace.plugins.kit import CallFailed
from clace.resolving import Resolve

REQUESTS_EACH = 32
LOOKUPS = 6  # of the ten threads of a reactor, which others need too
LOOKUPS_EACH = 2
SECONDS_TO_LOOK_UP = 10


class RequestsByOwner:
    """One for all accounts of the plugin; an ``owner`` is an app."""

    def __init__(self, clock: IReactorTime, resolve: Resolve) -> None:
        self._clock = clock
        self._resolve = resolve
        self._requests: Counter[str] = Counter()
        self._lookups = DeferredSemaphore(LOOKUPS)
        self._of_owner: WeakValueDictionary[str, DeferredSemaphore] = WeakValueDictionary()

    @contextmanager
    def request(self, owner: str) -> Iterator[None]:
        """A request that is under way, from its beginning to the end of its answer.

        :raises CallFailed: if the app has as many as it may.
        """
        count = self._requests[owner]
        if count >= REQUESTS_EACH:
            raise CallFailed(f"{count} requests of this app are under way, no more are allowed")
        self._requests[owner] += 1
        try:
            yield
        finally:
            self._requests[owner] -= 1
            self._requests += Counter()  # forgets who has none

    async def addresses(self, host: str, owner: str) -> Sequence[str]:
        """The addresses of a host name; none if it does not exist.

        :raises CallFailed: if nobody can say in time.
        """
        told = f"host {host} could not be looked up within {SECONDS_TO_LOOK_UP} seconds"
        return await in_time(self._clock, self._found(host, owner), SECONDS_TO_LOOK_UP, told)

    async def _found(self, host: str, owner: str) -> Sequence[str]:
        own = self._of_owner.setdefault(owner, DeferredSemaphore(LOOKUPS_EACH))
        with ExitStack() as turns:
            for turn in (own, self._lookups):
                await turn.acquire()
                turns.callback(turn.release)
            held = turns.pop_all()
        found: Deferred[Sequence[str]] = Deferred()
        Deferred.fromCoroutine(self._looked_up(host, held)).chainDeferred(found)
        return await found

    async def _looked_up(self, host: str, held: ExitStack) -> Sequence[str]:
        """Nothing ends a lookup early: its turn is over when its thread is free again."""
        with held:
            return await self._resolve(host)
