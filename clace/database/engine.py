"""Connections to SQLite as this server wants them; the one place with SQL that only SQLite has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import URL, Connection, Engine, Integer, create_engine, event, literal_column
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from clace.errors import StoreError

_BUSY_SECONDS = 10
ROW_NUMBER = literal_column("rowid", Integer)
"""The number of a row, which ``opened_value`` wants."""
# Statements that a connection keeps prepared: those of the tables of many apps.
_PREPARED = 512
_PRAGMAS = ("foreign_keys=ON", "synchronous=NORMAL", f"busy_timeout={_BUSY_SECONDS * 1000}")


def writing_engine(path: Path) -> Engine:
    """One connection. Its transactions take the write lock as they begin: one that reads first
    and then writes would fail at once if somebody else had committed in between.
    """
    return _engine(path, 1, (*_PRAGMAS, "journal_mode=WAL"), "BEGIN IMMEDIATE")


def reading_engine(path: Path, size: int) -> Engine:
    """Up to ``size`` connections that cannot write and see one state in each transaction."""
    return _engine(path, size, (*_PRAGMAS, "query_only=ON"), "BEGIN")


def _engine(path: Path, size: int, pragmas: tuple[str, ...], begin: str) -> Engine:
    url = URL.create("sqlite", database=str(path))
    arguments = {"cached_statements": _PREPARED}
    engine = create_engine(url, pool_size=size, max_overflow=0, connect_args=arguments)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # The driver's own idea of when to begin would leave DDL outside the transaction.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def transaction(engine: Engine, purpose: str, *, keep: bool = True) -> Iterator[Connection]:
    """All or nothing; nothing too if not ``keep``.

    :raises StoreError: ``cannot <purpose>``, with the reason.
    """
    try:
        with engine.connect() as connection, connection.begin() as begun:
            yield connection
            if not keep:
                begun.rollback()
    except (SQLAlchemyError, UnicodeError, OverflowError) as error:
        raise StoreError(f"cannot {purpose}: {reason(error)}") from error


@contextmanager
def opened_value(connection: Connection, table: str, column: str, row: int) -> Iterator[BinaryIO]:
    """A stored value that is read piece by piece, of the row of this number.

    :raises StoreError: if it cannot be read.
    """
    driver: Any = connection.connection.driver_connection
    try:
        with driver.blobopen(table, column, row, readonly=True) as opened:
            yield opened
    except sqlite3.Error as error:
        raise StoreError(f"cannot read {table}: {error}") from error


def reason(error: Exception) -> str:
    """Return the reason of a failure, without the statement and its values."""
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)
