"""Queries of a table of entries, each a function of an open connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from attrs import frozen
from sqlalchemy import Connection, Select, Text, bindparam, delete, func, insert, select, update

from clace.model.schema import INTEGERS, RESERVED
from clace.plugins.definition import CallFailed
from clace.plugins.store.clauses import Clauses
from clace.plugins.store.conditions import Condition, Order
from clace.plugins.store.dialects import Test, Words
from clace.plugins.store.documents import decoded, encoded, entry_of
from clace.plugins.store.quotas import Quota, Weights
from clace.plugins.store.tables import Collection

Entry = dict[str, Any]


class Due(NamedTuple):
    """An entry that is to be fetched, and how long its JSON is."""

    id: int
    length: int


@frozen
class Stamp:
    """The author of a change, and its time in milliseconds."""

    user: str
    time: int


@frozen
class Wanted:
    """A choice of entries, their order, and which of these."""

    condition: Condition
    orders: tuple[Order, ...] = ()
    offset: int = 0
    limit: int = 1


class Queries:
    """The queries of one table."""

    def __init__(self, entries: Collection, words: Words, quota: Quota) -> None:
        self.entries = entries
        self.doc_type = entries.doc_type
        self._quota = quota
        self._weights = Weights(entries.doc_type)
        self._table = entries.table
        self._columns = entries.columns
        self._clauses = Clauses(words, entries.columns)
        self._document = words.read(self._columns["_json"])
        own = [self._columns[name] for name in RESERVED]
        self._rows = select(*own, self._document.label("_json"))
        self._by_id = self._rows.where(self._columns["_id"] == bindparam("id"))
        new = words.written(bindparam("document", type_=Text))
        self._insert = insert(self._table).values(_json=new)
        same = (self._columns["_id"] == bindparam("id")) & (
            self._columns["_updated_at"] == bindparam("seen")
        )
        self._seen = select(self._document, self._columns["_size"]).where(same)
        next_version = self._columns["_version"] + 1
        self._update = update(self._table).where(same).values(_json=new, _version=next_version)

    @property
    def name(self) -> str:
        return self.doc_type.name

    def insert(self, connection: Connection, fields: Entry, stamp: Stamp) -> int:
        """The id of the new entry."""
        document = encoded(fields)
        size = self._weights.of(fields, document)
        values = {
            "_version": 1,
            "_created_by": stamp.user,
            "_updated_by": stamp.user,
            "_created_at": stamp.time,
            "_updated_at": stamp.time,
            "_size": size,
            "document": document,
        }
        self._quota.change(connection, size)
        key = connection.execute(self._insert, values).inserted_primary_key
        assert key is not None
        return int(key[0])

    def update(
        self, connection: Connection, entry_id: int, seen: int, fields: Entry, stamp: Stamp
    ) -> int:
        """Replace the declared fields of the entry that was last changed at ``seen``; others, of
        another version of the app, stay.

        :raises CallFailed: if the entry is missing, or has been changed.
        """
        which = {"id": entry_id, "seen": seen}
        stored = connection.execute(self._seen, which).first()
        if stored is None:
            raise self._stale(entry_id)
        document = encoded({**decoded(stored[0]), **fields})
        size = self._weights.of(fields, document)
        values = {
            "_updated_by": stamp.user,
            "_updated_at": max(stamp.time, seen + 1),
            "_size": size,
            "document": document,
        }
        self._quota.change(connection, size - stored[1])
        changed = connection.execute(self._update, {**which, **values}).rowcount
        if not changed:
            raise self._stale(entry_id)
        return changed

    def by_id(self, connection: Connection, entry_id: int) -> Entry:
        """:raises CallFailed: if no entry is found."""
        self._check_id(entry_id)
        found = connection.execute(self._by_id, {"id": entry_id}).first()
        if found is None:
            raise self._no_entry(entry_id)
        return self._entry(found)

    def first(self, connection: Connection, condition: Condition) -> Entry:
        """:raises CallFailed: if no entry is found."""
        found = connection.execute(self._cut(self._rows, Wanted(condition))).first()
        if found is None:
            raise CallFailed(f"no entry found in table {self.name}")
        return self._entry(found)

    def count(self, connection: Connection, condition: Condition) -> int:
        counted = select(func.count()).select_from(self._table)
        return connection.scalar(counted.where(self._clauses.where(condition))) or 0

    def delete(self, connection: Connection, condition: Condition) -> int:
        """Delete the entries and return their number."""
        return self._delete(connection, self._clauses.where(condition))

    def delete_by_id(self, connection: Connection, entry_id: int) -> int:
        """:raises CallFailed: if no entry is found."""
        self._check_id(entry_id)
        count = self._delete(connection, self._columns["_id"] == entry_id)
        if not count:
            raise self._no_entry(entry_id)
        return count

    def page(self, connection: Connection, wanted: Wanted, length: int) -> tuple[list[Entry], bool]:
        """The first entries, of so much JSON at most, and whether these are all."""
        entries: list[Entry] = []
        with connection.execute(self._cut(self._rows, wanted)) as rows:
            for row in rows:
                length -= len(row[-1])
                if length < 0:
                    return entries, False
                entries.append(self._entry(row))
        return entries, True

    def due(self, connection: Connection, wanted: Wanted) -> Iterator[Due]:
        """Return the ids that are left to fetch."""
        listed = select(self._columns["_id"], func.length(self._document))
        return (Due(*row) for row in connection.execute(self._cut(listed, wanted)))

    def fetch(self, connection: Connection, ids: Sequence[int]) -> list[Entry]:
        """Return the entries that are still there, in the order of ``ids``."""
        rows = connection.execute(self._rows.where(self._columns["_id"].in_(ids)))
        found = {row[0]: self._entry(row) for row in rows}
        return [found[one] for one in ids if one in found]

    def _delete(self, connection: Connection, where: Test) -> int:
        """The owner of the entries writes nothing else meanwhile: what is weighed is deleted."""
        size = connection.scalar(select(func.sum(self._columns["_size"])).where(where))
        self._quota.change(connection, -int(size or 0))
        return connection.execute(delete(self._table).where(where)).rowcount

    def _cut(self, chosen: Select[Any], wanted: Wanted) -> Select[Any]:
        chosen = chosen.where(self._clauses.where(wanted.condition))
        chosen = chosen.order_by(*self._clauses.order(wanted.orders))
        return chosen.limit(wanted.limit).offset(wanted.offset)

    def _entry(self, row: Any) -> Entry:
        return entry_of(row._mapping, self.doc_type)  # noqa: SLF001 - the public name for it

    def _check_id(self, entry_id: int) -> None:
        if entry_id not in INTEGERS:
            raise self._no_entry(entry_id)

    def _stale(self, entry_id: int) -> CallFailed:
        return CallFailed(
            f"entry {entry_id} not found or concurrently updated in table {self.name}"
        )

    def _no_entry(self, entry_id: int) -> CallFailed:
        return CallFailed(f"entry {entry_id} not found in table {self.name}")
