"""The functions of ``store.in``."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

from clace.model import INTEGERS
from clace.plugins.builtin.store.conditions import read_filter, read_sort
from clace.plugins.builtin.store.cursor import EntryCursor, find
from clace.plugins.builtin.store.database import DocumentDatabase
from clace.plugins.builtin.store.documents import check_size, fields_of
from clace.plugins.builtin.store.links import Work
from clace.plugins.builtin.store.queries import Entry, EntryChoice, EntryStamp, TableQueries
from clace.plugins.builtin.store.sessions import StoreSession
from clace.plugins.builtin.store.shelves import AppTables
from clace.plugins.builtin.store.statements import StoreConnection
from clace.plugins.kit import (
    CURSOR,
    CallFailed,
    Function,
    Invocation,
    ItemStream,
    NoParameters,
    Plugin,
    Resources,
)

T = TypeVar("T")
DEFAULT_LIMIT = 10_000
MAX_LIMIT = 100_000
_LARGE = 10_000


class InsertParameters(Struct, frozen=True):
    """The parameters of ``store.insert`` and ``store.update``."""

    table: str
    entry: dict[str, Any]


class ById(Struct, frozen=True):
    """The parameters of ``store.select_by_id`` and ``store.delete_by_id``."""

    table: str
    id: int


class MatchingParameters(Struct, frozen=True):
    """The parameters of ``store.select_one``, ``store.count`` and ``store.delete``."""

    table: str
    filter: dict[str, Any]


class SelectParameters(Struct, frozen=True):
    """The parameters of ``store.select``."""

    table: str
    filter: dict[str, Any]
    sort: tuple[str, ...] = ()
    offset: int = 0
    limit: int = 0


class StoreSettings(Struct, frozen=True, kw_only=True):
    """Sharing of production's data with staging apps, and the space for each app."""

    share_with_staging: bool = False
    max_mb_per_app: int = 1024


class StoreFunctions:
    """The functions of ``store.in``; what they cannot do is ``CallFailed``."""

    def __init__(
        self, settings: StoreSettings, database: DocumentDatabase, clock: IReactorTime
    ) -> None:
        self._database = database
        self._shelves = AppTables(
            database,
            share_with_staging=settings.share_with_staging,
            max_mb=settings.max_mb_per_app,
        )
        self._clock = clock
        self._sessions: WeakKeyDictionary[Resources, StoreSession] = WeakKeyDictionary()

    @property
    def plugin(self) -> Plugin:
        functions = {
            "begin": Function(NoParameters, self.begin, is_read=True),
            "commit": Function(NoParameters, self.commit, is_read=False),
            "rollback": Function(NoParameters, self.rollback, is_read=True),
            "insert": Function(InsertParameters, self.insert, is_read=False),
            "select_by_id": Function(ById, self.select_by_id, is_read=True),
            "select_one": Function(MatchingParameters, self.select_one, is_read=True),
            "select": Function(SelectParameters, self.select, is_read=True),
            "count": Function(MatchingParameters, self.count, is_read=True),
            "update": Function(InsertParameters, self.update, is_read=False),
            "delete_by_id": Function(ById, self.delete_by_id, is_read=False),
            "delete": Function(MatchingParameters, self.delete, is_read=False),
        }
        return Plugin("store.in", functions)

    async def begin(self, invocation: Invocation, _given: NoParameters) -> bool:
        """Begin a transaction, which is rolled back when the request ends."""
        await self._shelves.prepare(invocation.caller)
        await self._session(invocation).begin()
        return True

    async def commit(self, invocation: Invocation, _given: NoParameters) -> bool:
        """Keep what was done since ``begin``."""
        await self._session(invocation).commit()
        return True

    async def rollback(self, invocation: Invocation, _given: NoParameters) -> bool:
        """Forget what was done since ``begin``."""
        await self._session(invocation).rollback()
        return True

    async def insert(self, invocation: Invocation, given: InsertParameters) -> int:
        """The id of the new entry."""
        queries = await self._queries(invocation, given.table)
        fields, size = await self._fields(invocation, given, queries)
        stamp = self._stamp(invocation)

        def work(link: StoreConnection) -> int:
            return queries.insert(link, fields, stamp)

        small = size <= _LARGE
        return await self._write(invocation, queries, work, small=small, size=size)

    async def select_by_id(self, invocation: Invocation, given: ById) -> Entry:
        """The entry, which must be there."""
        queries = await self._queries(invocation, given.table)
        return await self._session(invocation).glance(
            lambda link: queries.small_by_id(link, given.id),
            lambda link: queries.by_id(link, given.id),
            queries.entries,
        )

    async def select_one(self, invocation: Invocation, given: MatchingParameters) -> Entry:
        """The first entry that matches; there must be one."""
        queries = await self._queries(invocation, given.table)
        condition = read_filter(given.filter, queries.doc_type)
        return await self._read(invocation, queries, lambda link: queries.first(link, condition))

    async def select(self, invocation: Invocation, given: SelectParameters) -> ItemStream:
        """The entries that match, to be read to the end."""
        queries = await self._queries(invocation, given.table)
        wanted = _wanted(given, queries)
        found = await self._read(invocation, queries, lambda link: find(link, queries, wanted))
        session = self._session(invocation)
        cursor = EntryCursor(found, queries, session.read)
        return ItemStream(f"rows_cursor_{given.table}", cursor, CURSOR)

    async def count(self, invocation: Invocation, given: MatchingParameters) -> int:
        """Count the matching entries."""
        queries = await self._queries(invocation, given.table)
        condition = read_filter(given.filter, queries.doc_type)
        return await self._read(invocation, queries, lambda link: queries.count(link, condition))

    async def update(self, invocation: Invocation, given: InsertParameters) -> int:
        """Replace the entry, if it has not been changed since it was read."""
        queries = await self._queries(invocation, given.table)
        fields, size = await self._fields(invocation, given, queries)
        stamp = self._stamp(invocation)
        entry_id, seen = _number(given.entry, "_id"), _number(given.entry, "_updated_at")

        def work(link: StoreConnection) -> int:
            return queries.update(link, entry_id, seen, fields, stamp)

        return await self._write(invocation, queries, work, size=size)

    async def delete_by_id(self, invocation: Invocation, given: ById) -> int:
        """Remove the entry, which must be there."""
        queries = await self._queries(invocation, given.table)
        return await self._write(
            invocation, queries, lambda link: queries.delete_by_id(link, given.id)
        )

    async def delete(self, invocation: Invocation, given: MatchingParameters) -> int:
        """Remove the entries that match, all of them if the filter is empty."""
        queries = await self._queries(invocation, given.table)
        condition = read_filter(given.filter, queries.doc_type)
        return await self._write(invocation, queries, lambda link: queries.delete(link, condition))

    async def _queries(self, invocation: Invocation, table: str) -> TableQueries:
        return await self._shelves.find(invocation.caller, table)

    async def _fields(
        self, invocation: Invocation, given: InsertParameters, queries: TableQueries
    ) -> tuple[Entry, int]:
        """The checked fields and the size of their JSON; a thread checks what is much."""
        size = check_size(given.entry, queries.doc_type)
        if size <= _LARGE:
            return fields_of(given.entry, queries.doc_type), size
        check = partial(fields_of, given.entry, queries.doc_type)
        owner = self._shelves.owner(invocation.caller.app)
        return await self._database.aside(owner, check), size

    async def _read(self, invocation: Invocation, queries: TableQueries, work: Work[T]) -> T:
        return await self._session(invocation).read(work, queries.entries)

    async def _write(
        self,
        invocation: Invocation,
        queries: TableQueries,
        work: Work[T],
        *,
        small: bool = False,
        size: int = 0,
    ) -> T:
        session = self._session(invocation)
        return await session.write(work, queries.entries, small=small, size=size)

    def _session(self, invocation: Invocation) -> StoreSession:
        found = self._sessions.get(invocation.resources)
        if found is None:
            owner = self._shelves.owner(invocation.caller.app)
            found = self._sessions[invocation.resources] = StoreSession(self._database, owner)
            invocation.defer("transaction", found.close)
        return found

    def _stamp(self, invocation: Invocation) -> EntryStamp:
        return EntryStamp(invocation.caller.user_id, int(self._clock.seconds() * 1000))


def _wanted(given: SelectParameters, queries: TableQueries) -> EntryChoice:
    """:raises CallFailed: if bounds, filter or sort are wrong."""
    for name, number in (("limit", given.limit), ("offset", given.offset)):
        if number < 0:
            raise CallFailed(f"select {name} {number} is negative")
        if number not in INTEGERS:
            raise CallFailed(f"select {name} has more than 64 bits")
    if given.limit > MAX_LIMIT:
        raise CallFailed(f"select limit {given.limit} exceeds max limit {MAX_LIMIT}")
    return EntryChoice(
        condition=read_filter(given.filter, queries.doc_type),
        orders=read_sort(given.sort, queries.doc_type),
        offset=given.offset,
        limit=given.limit or DEFAULT_LIMIT,
    )


def _number(entry: Entry, name: str) -> int:
    """:raises CallFailed: if the entry does not come from the store."""
    value = entry.get(name)
    if type(value) is not int or value not in INTEGERS:
        raise CallFailed(f"the entry has no {name}, only what was read can be updated")
    return value
