"""The tables of apps: a name that no app can choose, columns for what every entry has."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from attrs import frozen
from msgspec import json
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    inspect,
)
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from clace.model import DocType, DocumentIndex
from clace.plugins.builtin.store.dialects import DatabaseDialect
from clace.plugins.kit import CallFailed

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_BIG = BigInteger().with_variant(Integer(), "sqlite")
SIZE = "_size"
REGISTRY = Table(
    "store_tables",
    MetaData(),
    Column("table_name", Text, primary_key=True),
    Column("app_id", Text, nullable=False),
    Column("type_name", Text, nullable=False),
    Column("declared", Text, nullable=False),
)


@frozen(eq=False)
class EntryTable:
    """The entries of one type that belong to one app."""

    owner: str
    doc_type: DocType
    table: Table
    indexes: dict[str, DocumentIndex]

    @property
    def columns(self) -> Any:
        return self.table.c


def collection(owner: str, doc_type: DocType, column_type: TypeEngine[Any]) -> EntryTable:
    """Return the table of a type. Names differ by more than case, and are short enough."""
    name = "db_" + sha256(f"{owner}\0{doc_type.name}".encode()).hexdigest()[:32]
    table = Table(
        name,
        MetaData(),
        Column("_id", _BIG, primary_key=True),
        Column("_version", _BIG, nullable=False),
        Column("_created_by", _TEXT, nullable=False),
        Column("_updated_by", _TEXT, nullable=False),
        Column("_created_at", _BIG, nullable=False),
        Column("_updated_at", _BIG, nullable=False),
        Column(SIZE, _BIG, nullable=False),
        Column("_json", column_type, nullable=False),
        sqlite_autoincrement=True,
    )
    indexes = {_index_name(name, index): index for index in doc_type.indexes}
    return EntryTable(owner, doc_type, table, indexes)


def _index_name(table: str, index: DocumentIndex) -> str:
    """Return a name for an index that differs for each definition, so that a changed one is new."""
    return f"{table}_{sha256(repr((index.parts, index.unique)).encode()).hexdigest()[:16]}"


def prepare(connection: Connection, entries: EntryTable, words: DatabaseDialect) -> None:
    """The table and its indexes are there; nothing that is there is changed or removed.

    :raises CallFailed: if there is another table of this name.
    """
    connection.execute(CreateTable(REGISTRY, if_not_exists=True))
    connection.execute(CreateTable(entries.table, if_not_exists=True))
    _complete(connection, entries)
    for name, index in entries.indexes.items():
        connection.exec_driver_sql(_index_made(name, index, entries, words))
    _register(connection, entries)


def _complete(connection: Connection, entries: EntryTable) -> None:
    """Let a table of before there were quotas have the column for sizes: what is in there counts
    nothing until it is changed, when it is deleted too.
    """
    name = entries.table.name
    there = {column["name"] for column in inspect(connection).get_columns(name)}
    missing = [column.name for column in entries.table.columns if column.name not in there]
    if missing == [SIZE]:
        connection.exec_driver_sql(
            f"ALTER TABLE {name} ADD COLUMN {SIZE} BIGINT NOT NULL DEFAULT 0"
        )
    elif missing:
        raise CallFailed(
            f"table {name} of type {entries.doc_type.name} has no column {', '.join(missing)}:"
            " restore it from a backup, or rename it in the database to begin with an empty one"
        )


def _index_made(
    name: str, index: DocumentIndex, entries: EntryTable, words: DatabaseDialect
) -> str:
    parts = []
    for field_name, descends in index.parts:
        field = entries.doc_type.field(field_name)
        assert field is not None
        parts.append(words.indexed(field, descends=descends))
    kind = "UNIQUE INDEX" if index.unique else "INDEX"
    return f"CREATE {kind} IF NOT EXISTS {name} ON {entries.table.name} ({', '.join(parts)})"


def _register(connection: Connection, entries: EntryTable) -> None:
    """Let an operator who looks into the database see whose the table is."""
    values = {
        "table_name": entries.table.name,
        "app_id": entries.owner,
        "type_name": entries.doc_type.name,
        "declared": json.encode(entries.doc_type).decode(),
    }
    own = REGISTRY.c.table_name == entries.table.name
    connection.execute(delete(REGISTRY).where(own))
    connection.execute(insert(REGISTRY).values(values))
