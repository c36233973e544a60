"""Transactions that stay open from call to call, for one request each."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from sqlalchemy.exc import SQLAlchemyError
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.database import reason
from clace.plugins.builtin.store.links import StoreConnections, Work
from clace.plugins.builtin.store.nearby import ShortQueries
from clace.plugins.builtin.store.statements import StoreConnection
from clace.plugins.builtin.store.writers import WriteTurn
from clace.plugins.kit import CallFailed
from clace.shielding import shielded as outlasting
from clace.threads import InThread
from clace.units import MEBIBYTE

T = TypeVar("T")
log = Logger()


# JSON of an app that a transaction remembers at most, and what each write adds to that.
_MOST_BYTES = 4 * MEBIBYTE
_WORK_BYTES = 500
_KEPT_SECONDS = 0.005


def shielded(work: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
    """The result of ``work``, for a request that may end: the work goes on."""
    return outlasting(Deferred.fromCoroutine(work), _log_late)


def _log_late(failure: Failure) -> None:
    """An error of the app's own is nobody's business any more. Values are not logged."""
    if not failure.check(CallFailed):
        told = reason(cast("Exception", failure.value))
        log.error("Work on documents failed after its request had ended: {reason}", reason=told)


class StoreTransaction:
    """A connection with an open transaction; what is done on it is done one after another.

    It ends by itself after a time, or when the database gave it up, and then says so to whoever
    uses it. With ``nearby``, for SQLite: small works are done there, since who has the lock of the
    file waits for nobody; and while nothing is done, the turn is lent to others who want to write:
    what was written is undone then, and done again when it goes on (see ``RepeatableWrites``).
    """

    log = Logger()

    def __init__(
        self,
        links: StoreConnections,
        in_thread: InThread,
        turn: WriteTurn,
        clock: Any,
        seconds: float,
        nearby: ShortQueries | None = None,
    ) -> None:
        self._links = links
        self._in_thread = in_thread
        self._turn = turn
        self._clock = clock
        self._nearby = nearby
        self._lock = DeferredLock()
        self._link: StoreConnection | None = None
        self._written = RepeatableWrites(clock)
        self._is_lent = False
        self._ended = False
        self._lost = ""
        self._expiry: IDelayedCall = clock.callLater(seconds, self._expire, seconds)
        self._lending: IDelayedCall | None = None
        if nearby is not None:
            turn.is_wanted = self._lend_soon

    async def open(self) -> None:
        """:raises SQLAlchemyError: if the database does not let us."""
        await shielded(self._serially(self._opened))

    async def read(self, work: Work[T], *, small: bool = False) -> T:
        """:raises CallFailed: if the transaction is over."""
        return await self._do(lambda: work(self._usable()), small=small)

    async def write(self, work: Work[T], *, small: bool = False, size: int = 0) -> T:
        """As ``read``; what fails leaves no trace, and the transaction usable if it can be.

        ``size`` is about how many bytes of the app's the work has.
        """
        return await self._do(lambda: self._write(work, size), small=small)

    async def commit(self) -> None:
        """:raises CallFailed: if the transaction is over."""
        await shielded(self._finish(self._usable_commit))

    async def close(self) -> None:
        """Roll back, unless it is over."""
        await shielded(self._finish(None))

    async def _do(self, work: Callable[[], T], *, small: bool) -> T:
        nearby = self._nearby
        is_free = self._link is not None and not self._lock.locked
        if small and is_free and nearby is not None and nearby.is_open:
            return nearby.run(work)
        return await shielded(self._serially(work))

    def _opened(self) -> None:
        if self._ended:
            raise CallFailed("the transaction is over")
        self._link = self._links.take()
        self._link.begin()

    def _usable_commit(self) -> None:
        self._usable().commit()

    def _write(self, work: Work[T], size: int) -> T:
        link = self._usable()
        link.save()
        try:
            result = work(link)
            link.forget()
        except BaseException:
            self._back(link)
            raise
        self._written.add(work, result, size)
        return result

    def _back(self, link: StoreConnection) -> None:
        """SQLite rolls everything back, savepoints too, if it is interrupted or has no space left;
        what came after would be committed at once.
        """
        try:
            link.back()
        except SQLAlchemyError:
            self._lost = "the transaction was rolled back when a call in it failed"

    def _usable(self) -> StoreConnection:
        if self._lost:
            raise CallFailed(self._lost)
        if self._ended or self._link is None:
            raise CallFailed("the transaction is over")
        return self._link

    async def _serially(self, work: Callable[[], T]) -> T:
        try:
            async with self._lock:
                if self._is_lent and not self._lost:
                    await self._go_on()
                return await self._in_thread(work)
        finally:
            if self._lending is not None and not self._lending.active():
                self._lend_soon()

    def _lend_soon(self) -> None:
        """Lend the turn when it was used for long enough, and nothing is done on it."""
        wait = self._written.seconds_to_keep
        if self._ended or self._is_lent or wait is None:
            return
        if self._lending is None or not self._lending.active():
            self._lending = self._clock.callLater(wait, self._lend_now)

    def _lend_now(self) -> None:
        if not self._lock.locked and self._written.seconds_to_keep is not None:
            self._lending = None
            Deferred.fromCoroutine(self._lend()).addErrback(log_failure)

    async def _lend(self) -> None:
        async with self._lock:
            link, self._link = self._link, None
            if self._ended or link is None:
                return
            self._is_lent = True
            await self._in_thread(lambda: self._given_back(link))
            self._turn.lend()

    async def _go_on(self) -> None:
        """Have the turn back, and do again what was done."""
        await self._turn.back()
        self._is_lent = False
        if not self._lost:
            await self._in_thread(self._done_again)

    def _done_again(self) -> None:
        self._opened()
        if not self._written.do_again(self._usable()):
            self._lost = "the transaction was rolled back: somebody else changed what it had read"

    async def _finish(self, last: Callable[[], object] | None) -> None:
        async with self._lock:
            if self._ended:
                if last is not None:
                    last()
                return
            try:
                if last is not None and self._is_lent and not self._lost:
                    await self._go_on()
                await self._in_thread(lambda: self._finished(last))
            finally:
                self._ended = True
                for timer in (self._expiry, self._lending):
                    if timer is not None and timer.active():
                        timer.cancel()
                self._turn.done()

    def _finished(self, last: Callable[[], object] | None) -> None:
        link = self._link
        try:
            if last is not None:
                last()
        except BaseException:
            if link is not None:
                link.close()  # rolls back what is not committed
            raise
        if link is not None:
            self._given_back(link)

    def _given_back(self, link: StoreConnection) -> None:
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


def log_failure(failure: Failure) -> None:
    StoreTransaction.log.failure("A transaction could not be set aside", failure)


class RepeatableWrites:
    """The writes of a transaction so far, so that they can be done again.

    Whoever lends a turn keeps his tables to himself: no other request of his app writes meanwhile.
    So the same writes come to the same again, down to the ids; if they do not, somebody else has
    been at the database. A transaction with much in it is not done again, and keeps its turn.
    """

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._works: list[tuple[Work[Any], Any]] = []
        self._left = _MOST_BYTES
        self._begun = clock.seconds()
        self._took = 0.0

    @property
    def seconds_to_keep(self) -> float | None:
        """Return how long the turn is kept from now on; nothing if it is for good.

        To do all again takes no more than a third of the time of a transaction.
        """
        if self._left < 0:
            return None
        until = self._begun + max(_KEPT_SECONDS, 2 * self._took)
        return max(0.0, float(until - self._clock.seconds()))

    def add(self, work: Work[Any], result: Any, size: int) -> None:
        """Remember a write."""
        self._left -= size + _WORK_BYTES
        if self._left < 0:
            self._works.clear()
        else:
            self._works.append((work, result))

    def do_again(self, link: StoreConnection) -> bool:
        """Do all again; false if it does not come to the same."""
        begun = self._clock.seconds()
        try:
            is_same = all(work(link) == result for work, result in self._works)
        except (CallFailed, SQLAlchemyError):
            is_same = False
        self._begun = self._clock.seconds()
        self._took = self._begun - begun
        return is_same
