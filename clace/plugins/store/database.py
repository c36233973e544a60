"""The database of the store: threads and connections, and who writes when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from twisted.application.service import MultiService
from twisted.internet import defer
from twisted.internet.defer import Deferred, DeferredSemaphore, maybeDeferred

from clace.plugins.definition import CallFailed
from clace.plugins.store.dialects import words_of
from clace.plugins.store.engines import Engines, Limits, open_engines
from clace.plugins.store.failures import BUSY
from clace.plugins.store.transactions import Transaction, Work, shielded
from clace.threads import InThread, Threads

T = TypeVar("T")
_LIMITS = Limits()


def open_database(url: str, reactor: Any, limits: Limits = _LIMITS) -> Database:
    """The database at a URL; a service to be started. Connects when it is first used.

    :raises StoreError: it is no database that can be used here.
    """
    engines = open_engines(url, limits)
    writers = Threads(reactor, "store-writers", engines.writers)
    readers = Threads(reactor, "store-readers", engines.readers)
    database = Database(engines, reactor, limits, write=writers.run, read=readers.run)
    writers.setServiceParent(database)
    readers.setServiceParent(database)
    return database


class Database(MultiService):
    """Does work on connections; only so many write at once, and the others wait their turn."""

    def __init__(
        self, engines: Engines, clock: Any, limits: Limits, *, write: InThread, read: InThread
    ) -> None:
        super().__init__()
        self.setName("store")
        self._engines = engines
        self._clock = clock
        self._limits = limits
        self._write, self._read = write, read
        self._turns = DeferredSemaphore(engines.writers)
        self.words = words_of(engines.writing.dialect)

    async def read(self, work: Work[T]) -> T:
        """What ``work`` finds in one state of the database."""

        def done() -> T:
            with self._engines.reading.begin() as connection:
                return work(connection)

        return await self._read(done)

    async def aside(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, which needs no connection and too long for the reactor."""
        return await self._read(work)

    async def write(self, work: Work[T]) -> T:
        """What ``work`` returns, committed.

        :raises CallFailed: the turn did not come in time.
        """

        def done() -> T:
            with self._engines.writing.begin() as connection:
                return work(connection)

        await self._turn()
        return await shielded(self._released(self._write(done)))

    async def transaction(self) -> Transaction:
        """A transaction to be opened, and in any case to be closed.

        :raises CallFailed: the turn did not come in time.
        """
        await self._turn()
        transaction = Transaction(self._engines.writing, self._write, self._turns.release)
        transaction.expire_after(self._limits.transaction_seconds, self._clock)
        return transaction

    async def _turn(self) -> None:
        turn = self._turns.acquire().addTimeout(self._limits.wait_seconds, self._clock)
        try:
            await turn
        except defer.TimeoutError:
            raise CallFailed(BUSY) from None

    async def _released(self, work: Awaitable[T]) -> T:
        try:
            return await work
        finally:
            self._turns.release()

    def stopService(self) -> Deferred[None]:
        """Fires when what was begun is done and the connections are closed."""
        return maybeDeferred(super().stopService).addCallback(lambda _: self._engines.dispose())
