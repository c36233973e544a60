"""Transactions that stay open from call to call, for one request each."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall

from clace.plugins.definition import CallFailed
from clace.plugins.store.links import Links, Work
from clace.plugins.store.nearby import Nearby
from clace.plugins.store.statements import Link
from clace.threads import InThread

T = TypeVar("T")


def shielded(work: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
    """The result of ``work``, for a caller who may stop waiting: the work goes on."""
    waiter: Deferred[T] = Deferred()
    Deferred.fromCoroutine(work).chainDeferred(waiter)
    return waiter


class Transaction:
    """A connection with an open transaction; what is done on it is done one after another.

    It ends by itself after a time, or when the database gave it up, and then says so to whoever
    uses it. ``release`` is called once, when the connection is free again. Small works are done
    ``nearby`` if that is given: who has the lock of SQLite's file waits for nobody.
    """

    def __init__(
        self,
        links: Links,
        in_thread: InThread,
        release: Callable[[], object],
        nearby: Nearby | None = None,
    ) -> None:
        self._links = links
        self._in_thread = in_thread
        self._release = release
        self._nearby = nearby
        self._lock = DeferredLock()
        self._link: Link | None = None
        self._ended = False
        self._expiry: IDelayedCall | None = None
        self._lost = ""

    async def open(self) -> None:
        """:raises SQLAlchemyError: if the database does not let us."""
        await shielded(self._serially(self._opened))

    def expire_after(self, seconds: float, clock: Any) -> None:
        """Roll back in so many seconds, if it is not over by then."""
        self._expiry = clock.callLater(seconds, self._expire, seconds)

    async def read(self, work: Work[T], *, small: bool = False) -> T:
        """:raises CallFailed: if the transaction is over."""
        return await self._do(lambda: work(self._usable()), small=small)

    async def write(self, work: Work[T], *, small: bool = False) -> T:
        """As ``read``; what fails leaves no trace, and the transaction usable if it can be."""
        return await self._do(lambda: self._written(work), small=small)

    async def commit(self) -> None:
        """:raises CallFailed: if the transaction is over."""
        await shielded(self._finish(lambda: self._usable().commit()))

    async def close(self) -> None:
        """Roll back, unless it is over."""
        await shielded(self._finish(lambda: None))

    async def _do(self, work: Callable[[], T], *, small: bool) -> T:
        if small and self._nearby is not None and self._nearby.is_open and not self._lock.locked:
            return self._nearby.run(work)
        return await shielded(self._serially(work))

    def _opened(self) -> None:
        if self._ended:
            raise CallFailed("the transaction is over")
        self._link = self._links.take()
        self._link.begin()

    def _written(self, work: Work[T]) -> T:
        link = self._usable()
        link.save()
        try:
            result = work(link)
            link.forget()
        except BaseException:
            self._back(link)
            raise
        return result

    def _back(self, link: Link) -> None:
        """SQLite rolls everything back, savepoints too, if it is interrupted or has no space left;
        what came after would be committed at once.
        """
        try:
            link.back()
        except SQLAlchemyError:
            self._lost = "the transaction was rolled back when a call in it failed"

    def _usable(self) -> Link:
        if self._lost:
            raise CallFailed(self._lost)
        if self._ended or self._link is None:
            raise CallFailed("the transaction is over")
        return self._link

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
        link = self._link
        try:
            last()
        except BaseException:
            if link is not None:
                link.close()  # rolls back what is not committed
            raise
        if link is not None:
            self._given_back(link)

    def _given_back(self, link: Link) -> None:
        """Let others have the link, unless even to roll back failed."""
        try:
            link.rollback()
        except SQLAlchemyError:
            link.close()
        else:
            self._links.give(link)

    def _expire(self, seconds: float) -> None:
        self._lost = (
            f"the transaction was open for more than {seconds:g} seconds and was rolled back"
        )
        closing: Deferred[None] = Deferred.fromCoroutine(self.close())
        closing.addErrback(lambda _: None)
