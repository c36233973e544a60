"""The database session of one request: in its transaction, or each call in one of its own."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from clace.plugins.builtin.store.database import DocumentDatabase
from clace.plugins.builtin.store.failures import failed
from clace.plugins.builtin.store.links import Work
from clace.plugins.builtin.store.tables import EntryTable
from clace.plugins.builtin.store.transactions import StoreTransaction
from clace.plugins.kit import CallFailed

T = TypeVar("T")


class StoreSession:
    """At most one transaction at a time; one that has expired stays until it is ended, so that
    nothing is done outside of it unnoticed.
    """

    def __init__(self, database: DocumentDatabase, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._transaction: StoreTransaction | None = None
        self._begins = False

    async def begin(self) -> None:
        """:raises CallFailed: if a transaction is open, or none can be had now."""
        if self._transaction is not None or self._begins:
            raise CallFailed("transaction already active")
        self._begins = True
        try:
            self._transaction = await self._database.transaction(self._owner)
        finally:
            self._begins = False
        try:
            await _as_call_failure(self._transaction.open())
        except CallFailed:
            await self.close()
            raise

    async def commit(self) -> None:
        """:raises CallFailed: if none is open, or nothing of it could be kept."""
        await _as_call_failure(self._ended("commit").commit())

    async def rollback(self) -> None:
        """:raises CallFailed: if none is open."""
        await self._ended("rollback").close()

    async def close(self) -> None:
        """Roll back what is open."""
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            await transaction.close()

    async def read(self, work: Work[T], *collections: EntryTable) -> T:
        """:raises CallFailed: if the query fails."""
        if self._transaction is not None:
            return await _as_call_failure(self._transaction.read(work), *collections)
        return await _as_call_failure(self._database.read(self._owner, work), *collections)

    async def glance(self, small: Work[T | None], work: Work[T], *collections: EntryTable) -> T:
        """The result of ``small``, for which nobody waits; if it has none, that of ``work``.

        :raises CallFailed: if the query fails.
        """
        if self._transaction is None:
            return await _as_call_failure(
                self._database.glance(self._owner, small, work), *collections
            )
        found = await _as_call_failure(self._transaction.read(small, small=True), *collections)
        return await self.read(work, *collections) if found is None else found

    async def write(
        self, work: Work[T], *collections: EntryTable, small: bool = False, size: int = 0
    ) -> T:
        """:raises CallFailed: if the change fails, and nothing was changed."""
        transaction = self._transaction
        if transaction is not None:
            return await _as_call_failure(
                transaction.write(work, small=small, size=size), *collections
            )
        return await _as_call_failure(
            self._database.write(self._owner, work, small=small), *collections
        )

    def _ended(self, act: str) -> StoreTransaction:
        transaction, self._transaction = self._transaction, None
        if transaction is None:
            raise CallFailed(f"no transaction to {act}")
        return transaction


async def _as_call_failure(work: Awaitable[T], *collections: EntryTable) -> T:
    try:
        return await work
    except (SQLAlchemyError, OverflowError) as error:
        raise failed(error, *collections) from error
