"""Transactions that stay open from call to call, for one request each."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, NestedTransaction
from sqlalchemy.exc import SQLAlchemyError
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall

from clace.plugins.definition import CallFailed
from clace.threads import InThread

T = TypeVar("T")
Work = Callable[[Connection], T]


def shielded(work: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
    """The result of ``work``, for a caller who may stop waiting: the work goes on."""
    waiter: Deferred[T] = Deferred()
    Deferred.fromCoroutine(work).chainDeferred(waiter)
    return waiter


class Transaction:
    """A connection with an open transaction; what is done on it is done one after another.

    It ends by itself after a time, or when the database gave it up, and then says so to whoever
    uses it. ``release`` is called once, when the connection is free again.
    """

    def __init__(self, engine: Engine, in_thread: InThread, release: Callable[[], object]) -> None:
        self._engine = engine
        self._in_thread = in_thread
        self._release = release
        self._lock = DeferredLock()
        self._connection: Connection | None = None
        self._ended = False
        self._expiry: IDelayedCall | None = None
        self._lost = ""

    async def open(self) -> None:
        """:raises SQLAlchemyError: if the database does not let us."""
        await shielded(self._serially(self._opened))

    def expire_after(self, seconds: float, clock: Any) -> None:
        """Roll back in so many seconds, if it is not over by then."""
        self._expiry = clock.callLater(seconds, self._expire, seconds)

    async def read(self, work: Work[T]) -> T:
        """:raises CallFailed: if the transaction is over."""
        return await shielded(self._serially(lambda: work(self._usable())))

    async def write(self, work: Work[T]) -> T:
        """As ``read``; what fails leaves no trace, and the transaction usable if it can be."""
        return await shielded(self._serially(lambda: self._written(work)))

    async def commit(self) -> None:
        """:raises CallFailed: if the transaction is over."""
        await shielded(self._finish(lambda: self._usable().commit()))

    async def close(self) -> None:
        """Roll back, unless it is over."""
        await shielded(self._finish(lambda: None))

    def _opened(self) -> None:
        if self._ended:
            raise CallFailed("the transaction is over")
        self._connection = self._engine.connect()
        self._connection.begin()

    def _written(self, work: Work[T]) -> T:
        savepoint = self._usable().begin_nested()
        try:
            result = work(savepoint.connection)
            savepoint.commit()
        except BaseException:
            self._back_to(savepoint)
            raise
        return result

    def _back_to(self, savepoint: NestedTransaction) -> None:
        """SQLite rolls everything back, savepoints too, if it is interrupted or has no space left;
        what came after would be committed at once.
        """
        try:
            savepoint.rollback()
        except SQLAlchemyError:
            self._lost = "the transaction was rolled back when a call in it failed"

    def _usable(self) -> Connection:
        if self._lost:
            raise CallFailed(self._lost)
        if self._ended or self._connection is None:
            raise CallFailed("the transaction is over")
        return self._connection

    async def _serially(self, work: Callable[[], T]) -> T:
        async with self._lock:
            return await self._in_thread(work)

    async def _finish(self, last: Callable[[], object]) -> None:
        async with self._lock:
            if self._ended:
                last()
                return
            try:
                await self._in_thread(lambda: self._finished(last))
            finally:
                self._ended = True
                if self._expiry is not None and self._expiry.active():
                    self._expiry.cancel()
                self._release()

    def _finished(self, last: Callable[[], object]) -> None:
        connection = self._connection
        try:
            last()
        finally:
            if connection is not None:
                connection.close()  # rolls back what is not committed

    def _expire(self, seconds: float) -> None:
        self._lost = (
            f"the transaction was open for more than {seconds:g} seconds and was rolled back"
        )
        closing: Deferred[None] = Deferred.fromCoroutine(self.close())
        closing.addErrback(lambda _: None)
