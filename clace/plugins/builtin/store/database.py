"""The database of the store: threads and connections, and who writes when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from twisted.application.internet import TimerService
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred

from clace.plugins.builtin.store.dialects import words_of
from clace.plugins.builtin.store.engines import DatabaseLimits, StoreEngines, open_engines
from clace.plugins.builtin.store.links import Work, written
from clace.plugins.builtin.store.nearby import ShortQueries
from clace.plugins.builtin.store.statements import StoreConnection
from clace.plugins.builtin.store.transactions import StoreTransaction, shielded
from clace.plugins.builtin.store.turns import OwnerTurns
from clace.plugins.builtin.store.writers import StoreWriters
from clace.threads import InThread, ThreadPool

T = TypeVar("T")
_LIMITS = DatabaseLimits()
_LOOKS = 15


def open_database(url: str, reactor: Any, limits: DatabaseLimits = _LIMITS) -> DocumentDatabase:
    """The database at a URL; a service to be started. Connects when it is first used.

    :raises StoreError: if the database cannot be used here.
    """
    engines = open_engines(url, limits)
    writers = ThreadPool(reactor, "store-writers", engines.writers)
    readers = ThreadPool(reactor, "store-readers", engines.readers)
    database = DocumentDatabase(engines, reactor, limits, write=writers.run, read=readers.run)
    watch = TimerService(limits.query_seconds / _LOOKS, engines.interrupt_late)
    watch.clock = reactor
    for service in (writers, readers, watch):
        service.setServiceParent(database)
    return database


class DocumentDatabase(MultiService):
    """Does work on connections, for owners of documents who take turns: one writes once at a time,
    and reads on half of the connections at most.
    """

    def __init__(
        self,
        engines: StoreEngines,
        clock: Any,
        limits: DatabaseLimits,
        *,
        write: InThread,
        read: InThread,
    ) -> None:
        super().__init__()
        self._engines = engines
        self._clock = clock
        self._limits = limits
        self._write, self._read = write, read
        self._writers = StoreWriters(
            clock, limits.wait_seconds, engines.writers, engines.together, self._commit
        )
        self._readers = OwnerTurns(
            clock, limits.wait_seconds, engines.readers, engines.readers // 2
        )
        self._nearby = ShortQueries(clock)
        self._near: StoreConnection | None = None
        self.dialect = engines.writing.dialect
        self.words = words_of(self.dialect)
        # To be held while tables are made: PostgreSQL fails when two make the same at once.
        self.making = DeferredLock()

    async def read(self, owner: str, work: Work[T]) -> T:
        """Run ``work`` in one state of the database and return its result.

        :raises CallFailed: if the turn does not come in time.
        """
        return await self.aside(owner, lambda: self._done(work))

    async def glance(self, owner: str, work: Work[T | None], other: Work[T]) -> T:
        """Return the result of ``work``, which finds a single small row at once; or that of
        ``other``, in a thread, if the row is missing or cannot be had without waiting for it.

        :raises CallFailed: if the turn does not come in time.
        """
        near = self._near
        if near is not None and self._nearby.is_open:
            with suppress(SQLAlchemyError):  # whatever it was, the other way tells
                found = self._nearby.run(lambda: work(near))
                near.rest()
                if found is not None:
                    return found
        return await self.aside(owner, lambda: self._found(other))

    async def aside(self, owner: str, work: Callable[[], T]) -> T:
        """Run ``work``, which needs no connection and takes too long for the reactor.

        :raises CallFailed: if the turn does not come in time.
        """
        release = await self._readers.take(owner)

        async def released() -> T:
            try:
                return await self._read(work)
            finally:
                release()

        return await shielded(released())

    async def write(self, owner: str, work: Work[T], *, small: bool = False) -> T:
        """Run ``work``, commit, and return its result; small works of several callers together.

        :raises CallFailed: if the turn does not come in time.
        """
        return await self._writers.write(owner, work, small=small)

    async def declare(self, owner: str, work: Callable[[Connection], T]) -> T:
        """Run ``work``, which changes tables, commit, and return its result.

        :raises CallFailed: if the turn does not come in time.
        """
        turn = await self._writers.take(owner)

        def declared() -> T:
            with self._engines.writing.begin() as connection:
                return work(connection)

        async def released() -> T:
            try:
                return await self._write(declared)
            finally:
                turn.done()

        return await shielded(released())

    async def transaction(self, owner: str) -> StoreTransaction:
        """A transaction to be opened, and in any case to be closed.

        :raises CallFailed: if the turn does not come in time.
        """
        turn = await self._writers.take(owner)
        near = None if self._engines.near is None else self._nearby
        links, seconds = self._engines.write_links, self._limits.transaction_seconds
        return StoreTransaction(links, self._write, turn, self._clock, seconds, near)

    async def _commit(self, works: Sequence[Work[Any]]) -> list[Any]:
        return await self._write(lambda: written(self._engines.write_links, works))

    def _done(self, work: Work[T]) -> T:
        with self._engines.read_links.transaction() as link:
            return work(link)

    def _found(self, work: Work[T]) -> T:
        """As ``_done``, in a thread; the next rows are found nearby."""
        if self._near is None and self._engines.near is not None:
            self._near = self._engines.near()
        return self._done(work)

    def stopService(self) -> Deferred[None]:
        """Fires when what was begun is done and the connections are closed."""
        return maybeDeferred(super().stopService).addCallback(lambda _: self.close())

    def close(self) -> None:
        """Close the connections."""
        near, self._near = self._near, None
        if near is not None:
            near.close()
        self._engines.dispose()
