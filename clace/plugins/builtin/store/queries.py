"""Queries of a table of entries, each a function of a connection."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import closing
from itertools import repeat
from typing import Any, NamedTuple

from attrs import frozen
from sqlalchemy import (
    BigInteger,
    ClauseElement,
    Dialect,
    Select,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from clace.model import INTEGERS, RESERVED
from clace.plugins.builtin.store.clauses import SQLClauses, shape, shape_of_place
from clace.plugins.builtin.store.conditions import Condition, SortOrder
from clace.plugins.builtin.store.dialects import DatabaseDialect
from clace.plugins.builtin.store.documents import decoded, encoded, entry_of
from clace.plugins.builtin.store.quotas import SpaceQuota, Weights
from clace.plugins.builtin.store.statements import Statement, StoreConnection, Values
from clace.plugins.builtin.store.tables import SIZE, EntryTable
from clace.plugins.kit import CallFailed

Entry = dict[str, Any]
SMALL_BYTES = 1 << 16
# A statement may have 200 conditions.
_MOST_STATEMENTS = 64
# Columns whose values an insert does not take as they are.
_MADE = ("_id", "_json")


class DueEntry(NamedTuple):
    """An entry that is to be fetched, and how long its JSON is."""

    id: int
    length: int


@frozen
class EntryStamp:
    """The author of a change, and its time in milliseconds."""

    user: str
    time: int


@frozen
class EntryChoice:
    """A choice of entries, their order, and which of these."""

    condition: Condition
    orders: tuple[SortOrder, ...] = ()
    offset: int = 0
    limit: int = 1


class TableQueries:
    """The queries of one table."""

    def __init__(
        self, entries: EntryTable, words: DatabaseDialect, dialect: Dialect, quota: SpaceQuota
    ) -> None:
        self.entries = entries
        self.doc_type = entries.doc_type
        self._dialect = dialect
        self._quota = quota
        self._weights = Weights(entries.doc_type)
        self._table = entries.table
        self._columns = entries.columns
        self._clauses = SQLClauses(words, entries.columns)
        self._statements: dict[Hashable, Statement] = {}
        self._document = words.read(self._columns["_json"])
        own = [self._columns[name] for name in RESERVED]
        self._rows = select(*own, self._document.label("_json"))
        is_own = self._columns["_id"] == bindparam("id")
        self._by_id = self._prepared(self._rows.where(is_own))
        is_small = self._columns[SIZE].between(1, SMALL_BYTES)
        small = case((is_small, self._document)).label("_json")
        self._small_by_id = self._prepared(select(*own, small).where(is_own))
        new = words.written(bindparam("document", type_=Text))
        names = [column.name for column in self._table.columns if column.name not in _MADE]
        values: dict[str, Any] = {name: bindparam(f"new{name}") for name in names}
        self._insert = self._prepared(insert(self._table).values({**values, "_json": new}))
        same = is_own & (self._columns["_updated_at"] == bindparam("seen"))
        self._seen = self._prepared(select(self._document, self._columns[SIZE]).where(same))
        changed = {name: values[name] for name in ("_updated_by", "_updated_at", SIZE)}
        changed |= {"_json": new, "_version": self._columns["_version"] + 1}
        self._update = self._prepared(update(self._table).where(same).values(changed))
        self._size = self._prepared(select(self._columns[SIZE]).where(is_own))
        self._delete_by_id = self._prepared(delete(self._table).where(is_own))

    @property
    def name(self) -> str:
        return self.doc_type.name

    @property
    def known(self) -> int:
        """Return the number of statements that are kept for conditions."""
        return len(self._statements)

    def insert(self, link: StoreConnection, fields: Entry, stamp: EntryStamp) -> int:
        """The id of the new entry."""
        document = encoded(fields)
        size = self._weights.of(fields, document)
        values = {
            "new_version": 1,
            "new_created_by": stamp.user,
            "new_updated_by": stamp.user,
            "new_created_at": stamp.time,
            "new_updated_at": stamp.time,
            "new_size": size,
            "document": document,
        }
        self._quota.change(link, size)
        return link.insert(self._insert, values)

    def update(
        self, link: StoreConnection, entry_id: int, seen: int, fields: Entry, stamp: EntryStamp
    ) -> int:
        """Replace the declared fields of the entry that was last changed at ``seen``; others, of
        another version of the app, stay.

        :raises CallFailed: if the entry is missing, or has been changed.
        """
        which = {"id": entry_id, "seen": seen}
        stored = link.first(self._seen, which)
        if stored is None:
            raise self._stale(entry_id)
        document = encoded({**decoded(stored[0]), **fields})
        size = self._weights.of(fields, document)
        values = {
            "new_updated_by": stamp.user,
            "new_updated_at": max(stamp.time, seen + 1),
            "new_size": size,
            "document": document,
        }
        self._quota.change(link, size - stored[1])
        changed = link.change(self._update, {**which, **values})
        if not changed:
            raise self._stale(entry_id)
        return changed

    def by_id(self, link: StoreConnection, entry_id: int) -> Entry:
        """:raises CallFailed: if no entry is found."""
        self._check_id(entry_id)
        found = link.first(self._by_id, {"id": entry_id})
        if found is None:
            raise self._no_entry(entry_id)
        return entry_of(found, self.doc_type)

    def small_by_id(self, link: StoreConnection, entry_id: int) -> Entry | None:
        """As ``by_id``; nothing for an entry that is large.

        :raises CallFailed: if no entry is found.
        """
        self._check_id(entry_id)
        found = link.first(self._small_by_id, {"id": entry_id})
        if found is None:
            raise self._no_entry(entry_id)
        return None if found[-1] is None else entry_of(found, self.doc_type)

    def first(self, link: StoreConnection, condition: Condition) -> Entry:
        """:raises CallFailed: if no entry is found."""
        found = link.first(*self._chosen("rows", self._rows, EntryChoice(condition)))
        if found is None:
            raise CallFailed(f"no entry found in table {self.name}")
        return entry_of(found, self.doc_type)

    def count(self, link: StoreConnection, condition: Condition) -> int:
        counted = select(func.count()).select_from(self._table)
        found = link.first(*self._meeting("count", counted, condition))
        return int(found[0]) if found else 0

    def delete(self, link: StoreConnection, condition: Condition) -> int:
        """Delete the entries and return their number.

        The owner of the entries writes nothing else meanwhile: what is weighed is deleted.
        """
        weighed = select(func.sum(self._columns[SIZE]))
        found = link.first(*self._meeting("weigh", weighed, condition))
        self._quota.change(link, -int((found and found[0]) or 0))
        return link.change(*self._meeting("delete", delete(self._table), condition))

    def delete_by_id(self, link: StoreConnection, entry_id: int) -> int:
        """:raises CallFailed: if no entry is found."""
        self._check_id(entry_id)
        found = link.first(self._size, {"id": entry_id})
        if found is None:
            raise self._no_entry(entry_id)
        self._quota.change(link, -found[0])
        return link.change(self._delete_by_id, {"id": entry_id})

    def page(
        self, link: StoreConnection, wanted: EntryChoice, length: int
    ) -> tuple[list[Entry], bool]:
        """The first entries, of so much JSON at most, and whether these are all."""
        entries: list[Entry] = []
        with closing(link.rows(*self._chosen("rows", self._rows, wanted))) as rows:
            for row in rows:
                length -= len(row[-1])
                if length < 0:
                    return entries, False
                entries.append(entry_of(row, self.doc_type))
        return entries, True

    def due(self, link: StoreConnection, wanted: EntryChoice) -> Iterator[DueEntry]:
        """Return the ids that are left to fetch."""
        listed = select(self._columns["_id"], func.length(self._document))
        return (DueEntry(*row) for row in link.rows(*self._chosen("due", listed, wanted)))

    def fetch(self, link: StoreConnection, ids: Sequence[int]) -> list[Entry]:
        """Return the entries that are still there, in the order of ``ids``."""
        # Statements for few different counts: the last id is asked for more than once.
        count = 1 << (len(ids) - 1).bit_length()
        names = [f"id{number}" for number in range(count)]

        def construct() -> ClauseElement:
            return self._rows.where(self._columns["_id"].in_([bindparam(name) for name in names]))

        padded = [*ids, *repeat(ids[-1], count - len(ids))]
        values = dict(zip(names, padded, strict=True))
        rows = link.rows(self._known(("fetch", count), construct), values)
        found = {row[0]: entry_of(row, self.doc_type) for row in rows}
        return [found[one] for one in ids if one in found]

    def _meeting(self, name: str, chosen: Any, condition: Condition) -> tuple[Statement, Values]:
        """The statement for what meets the condition, and its values."""

        def construct() -> ClauseElement:
            return chosen.where(self._clauses.where(condition))  # type: ignore[no-any-return]

        found = self._known((name, shape(condition)), construct)
        return found, self._clauses.values(condition)

    def _chosen(
        self, name: str, chosen: Select[Any], wanted: EntryChoice
    ) -> tuple[Statement, Values]:
        """The statement for what is wanted, in its order, and its values."""
        condition, orders = wanted.condition, wanted.orders

        def construct() -> ClauseElement:
            found = chosen.where(self._clauses.where(condition))
            found = found.order_by(*self._clauses.order(orders))
            return found.limit(bindparam("limit", type_=BigInteger)).offset(
                bindparam("offset", type_=BigInteger)
            )

        order = tuple((shape_of_place(one.place), one.descends) for one in orders)
        statement = self._known((name, shape(condition), order), construct)
        values = self._clauses.values(condition)
        return statement, {**values, "limit": wanted.limit, "offset": wanted.offset}

    def _known(self, key: Hashable, construct: Callable[[], ClauseElement]) -> Statement:
        """The statement that was written for this key before, if it was."""
        found = self._statements.get(key)
        if found is None:
            found = self._prepared(construct())
            if len(self._statements) >= _MOST_STATEMENTS:
                self._statements.clear()
            self._statements[key] = found
        return found

    def _prepared(self, construct: ClauseElement) -> Statement:
        return Statement(construct, self._dialect)

    def _check_id(self, entry_id: int) -> None:
        if entry_id not in INTEGERS:
            raise self._no_entry(entry_id)

    def _stale(self, entry_id: int) -> CallFailed:
        return CallFailed(
            f"entry {entry_id} not found or concurrently updated in table {self.name}"
        )

    def _no_entry(self, entry_id: int) -> CallFailed:
        return CallFailed(f"entry {entry_id} not found in table {self.name}")
