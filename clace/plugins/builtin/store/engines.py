"""Connections to the database of the store: which, how many, and for how long a query may run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen
from msgspec import Struct
from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError

from clace.database import make_private, reading_engine, sqlite_path, writing_engine
from clace.errors import StoreError
from clace.plugins.builtin.store.links import StoreConnections
from clace.plugins.builtin.store.statements import Statement, StoreConnection
from clace.plugins.builtin.store.watch import StatementWatch

_POSTGRES = ("postgres:", "postgresql:")
_CONNECT_SECONDS = 10
_READERS, _POSTGRES_WRITERS = 4, 8
_TOGETHER = 32


class DatabaseLimits(Struct, frozen=True, kw_only=True):
    """Times of the database: for one query, for an open transaction, and for an app's turn.

    Who waits outlasts one other who takes all the time that there is: ``wait_seconds`` is more
    than the other two together.
    """

    query_seconds: float = 15
    transaction_seconds: float = 10
    wait_seconds: float = 30


@frozen
class StoreEngines:
    """Connections that write, ``writers`` at most, and those that read, each in a transaction."""

    writing: Engine
    reading: Engine
    write_links: StoreConnections
    read_links: StoreConnections
    writers: int
    readers: int
    together: int
    """The number of small writes that are committed together at most."""
    near: Callable[[], StoreConnection] | None
    """Opens a connection for reading that waits for nobody, if the database is in a file here."""
    interrupt_late: Callable[[], object]
    """To be called from time to time: ends what runs for too long."""

    def dispose(self) -> None:
        self.write_links.close()
        self.read_links.close()
        self.writing.dispose()
        self.reading.dispose()


def open_engines(url: str, limits: DatabaseLimits) -> StoreEngines:
    """Nothing is connected yet; a file is made, for its owner only.

    :raises StoreError: if the URL is not that of a database that can be used here.
    """
    if url.startswith(_POSTGRES):
        return _postgres(url, limits)
    return _sqlite(sqlite_path(url), limits)


def _sqlite(path: Path, limits: DatabaseLimits) -> StoreEngines:
    """SQLite has one writer at a time, whoever it is."""
    make_private(path)
    watch = StatementWatch(limits.query_seconds)
    writing, reading = writing_engine(path), reading_engine(path, _READERS)
    for engine in (writing, reading):
        watch.observe(engine)
    readers = StoreConnections(reading, "BEGIN", watch, keep=True)
    return StoreEngines(
        writing=writing,
        reading=reading,
        write_links=StoreConnections(writing, "BEGIN IMMEDIATE", watch, keep=True),
        read_links=readers,
        writers=1,
        readers=_READERS,
        together=_TOGETHER,
        near=lambda: _impatient(readers.take()),
        interrupt_late=watch.interrupt_late,
    )


def _impatient(link: StoreConnection) -> StoreConnection:
    """The link, which fails at once for what it would have to wait for."""
    link.all(Statement(text("PRAGMA busy_timeout=0"), link.dialect))
    return link


def _postgres(url: str, limits: DatabaseLimits) -> StoreEngines:
    read_only = "-c default_transaction_read_only=on"
    writing = _postgres_engine(url, limits, _POSTGRES_WRITERS, "READ COMMITTED", "")
    reading = _postgres_engine(url, limits, _READERS, "REPEATABLE READ", read_only)
    unwatched = StatementWatch(0)
    return StoreEngines(
        writing=writing,
        reading=reading,
        write_links=StoreConnections(writing, "", unwatched, keep=False),
        read_links=StoreConnections(reading, "", unwatched, keep=False),
        writers=_POSTGRES_WRITERS,
        readers=_READERS,
        together=1,
        near=None,
        interrupt_late=lambda: None,
    )


def _postgres_engine(
    url: str, limits: DatabaseLimits, size: int, isolation: Any, options: str
) -> Engine:
    bounds = {
        "statement_timeout": limits.query_seconds,
        "lock_timeout": limits.wait_seconds,
        "idle_in_transaction_session_timeout": 2 * limits.transaction_seconds,
    }
    settings = (f"-c {name}={round(seconds * 1000)}" for name, seconds in bounds.items())
    try:
        return create_engine(
            _driven(url),
            pool_size=size,
            max_overflow=0,
            pool_pre_ping=True,
            isolation_level=isolation,
            connect_args={
                "options": " ".join((*settings, options)),
                "connect_timeout": _CONNECT_SECONDS,
            },
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "the store needs the psycopg package for PostgreSQL: pip install 'psycopg[binary]'"
        ) from error


def _driven(url: str) -> URL:
    try:
        return make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):  # it repeats the URL, which may hold a password
        raise StoreError("the store's db_connection is no PostgreSQL URL") from None
