"""The database of the store: threads and connections, and who writes when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine
from twisted.application.internet import TimerService
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred

from clace.plugins.store.dialects import words_of
from clace.plugins.store.engines import Engines, Limits, open_engines
from clace.plugins.store.transactions import Transaction, Work, shielded
from clace.plugins.store.turns import Turns
from clace.threads import InThread, Threads

T = TypeVar("T")
_LIMITS = Limits()
_LOOKS = 15


def open_database(url: str, reactor: Any, limits: Limits = _LIMITS) -> Database:
    """The database at a URL; a service to be started. Connects when it is first used.

    :raises StoreError: if the database cannot be used here.
    """
    engines = open_engines(url, limits)
    writers = Threads(reactor, "store-writers", engines.writers)
    readers = Threads(reactor, "store-readers", engines.readers)
    database = Database(engines, reactor, limits, write=writers.run, read=readers.run)
    watch = TimerService(limits.query_seconds / _LOOKS, engines.interrupt_late)
    watch.clock = reactor
    for service in (writers, readers, watch):
        service.setServiceParent(database)
    return database


class Database(MultiService):
    """Does work on connections, for owners of documents who take turns: one writes once at a time,
    and reads on half of the connections at most.
    """

    def __init__(
        self, engines: Engines, clock: Any, limits: Limits, *, write: InThread, read: InThread
    ) -> None:
        super().__init__()
        self._engines = engines
        self._clock = clock
        self._limits = limits
        self._write, self._read = write, read
        self._writers = Turns(clock, limits.wait_seconds, engines.writers, 1)
        self._readers = Turns(clock, limits.wait_seconds, engines.readers, engines.readers // 2)
        self.words = words_of(engines.writing.dialect)
        # To be held while tables are made: PostgreSQL fails when two make the same at once.
        self.making = DeferredLock()

    async def read(self, owner: str, work: Work[T]) -> T:
        """Run ``work`` in one state of the database and return its result.

        :raises CallFailed: if the turn does not come in time.
        """
        return await self.aside(owner, lambda: _done(self._engines.reading, work))

    async def aside(self, owner: str, work: Callable[[], T]) -> T:
        """Run ``work``, which needs no connection and takes too long for the reactor.

        :raises CallFailed: if the turn does not come in time.
        """
        return await self._in_turn(self._readers, owner, self._read, work)

    async def write(self, owner: str, work: Work[T]) -> T:
        """Run ``work``, commit, and return its result.

        :raises CallFailed: if the turn does not come in time.
        """
        return await self._in_turn(
            self._writers, owner, self._write, lambda: _done(self._engines.writing, work)
        )

    async def transaction(self, owner: str) -> Transaction:
        """A transaction to be opened, and in any case to be closed.

        :raises CallFailed: if the turn does not come in time.
        """
        release = await self._writers.take(owner)
        transaction = Transaction(self._engines.writing, self._write, release)
        transaction.expire_after(self._limits.transaction_seconds, self._clock)
        return transaction

    async def _in_turn(
        self, turns: Turns, owner: str, in_thread: InThread, work: Callable[[], T]
    ) -> T:
        release = await turns.take(owner)

        async def released() -> T:
            try:
                return await in_thread(work)
            finally:
                release()

        return await shielded(released())

    def stopService(self) -> Deferred[None]:
        """Fires when what was begun is done and the connections are closed."""
        return maybeDeferred(super().stopService).addCallback(lambda _: self._engines.dispose())


def _done(engine: Engine, work: Work[T]) -> T:
    with engine.begin() as connection:
        return work(connection)
