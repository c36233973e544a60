"""Connections for the threads of the store, and several writes in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from twisted.python.failure import Failure

from clace.plugins.builtin.store.statements import StoreConnection
from clace.plugins.builtin.store.watch import StatementWatch

T = TypeVar("T")
Work = Callable[[StoreConnection], T]
_GROUP_SECONDS = 0.005


class NotRun:
    """The outcome of a write that was left for the next transaction."""


class StoreConnections:
    """Connections that are kept open, apart from the engine's pool, or taken from it each time.

    ``begin`` is the statement with which a transaction begins, if the driver does not do it.
    """

    make_link = StoreConnection

    def __init__(self, engine: Engine, begin: str, watch: StatementWatch, *, keep: bool) -> None:
        self._engine = engine
        self._begin = begin
        self._watch = watch
        self._keep = keep
        self._free: list[StoreConnection] = []

    def take(self) -> StoreConnection:
        """:raises SQLAlchemyError: if the database cannot be reached."""
        if self._free:
            with suppress(IndexError):  # another thread was quicker
                return self._free.pop()
        pooled = self._engine.raw_connection()
        link = self.make_link(pooled, self._engine.dialect, self._begin, self._watch)
        if self._keep:
            pooled.detach()
        return link

    def give(self, link: StoreConnection) -> None:
        """Take back a link that is between two transactions."""
        if self._keep:
            link.rest()
            self._free.append(link)
        else:
            link.close()

    def close(self) -> None:
        while self._free:
            self._free.pop().close()

    @contextmanager
    def transaction(self) -> Iterator[StoreConnection]:
        """A link in a transaction, which is committed unless what is done in it fails."""
        link = self.take()
        try:
            link.begin()
            yield link
            link.commit()
        except BaseException:
            link_back(link)
            link.close()
            raise
        self.give(link)


def link_back(link: StoreConnection) -> None:
    """Roll back, which cannot fail in a way that matters: the connection is not used again."""
    with suppress(SQLAlchemyError):
        link.rollback()


def written(
    links: StoreConnections, works: Sequence[Work[Any]], clock: Callable[[], float] = time.monotonic
) -> list[Any]:
    """The outcomes of works that are committed together: a result, a ``Failure`` or ``NotRun``.

    What fails takes nothing along: it is undone by itself. If the database gave up the whole
    transaction then, the others are left to be run again; those that it keeps waiting are left too.

    :raises SQLAlchemyError: if nothing could be kept.
    """
    if len(works) == 1:
        try:
            with links.transaction() as link:
                return [works[0](link)]
        except Exception:  # noqa: BLE001 - it is the caller's
            return [Failure()]
    outcomes: list[Any] = [NotRun] * len(works)
    begun = clock()
    try:
        with links.transaction() as link:
            for number, work in enumerate(works):
                if number and clock() - begun > _GROUP_SECONDS:
                    break
                outcomes[number] = _attempted(link, work)
    except _Lost as lost:
        failed = outcomes.index(NotRun)
        outcomes = [NotRun] * len(works)
        outcomes[failed] = lost.failure
    return outcomes


class _Lost(Exception):
    """The database rolled back the whole transaction when one write in it failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__()
        self.failure = failure


def _attempted(link: StoreConnection, work: Work[Any]) -> Any:
    link.save()
    try:
        result = work(link)
        link.forget()
    except Exception:  # noqa: BLE001 - it is the caller's
        failure = Failure()
        try:
            link.back()
        except SQLAlchemyError:
            raise _Lost(failure) from None
        return failure
    return result
