"""Copies of databases, all of one moment, while others write into them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from clace.database import make_private, reason
from clace.errors import StoreError

SEALED_COLUMN = "sealed"
"""The column of a table whose rows are sealed with the server's key."""
SOURCE_COLUMN = "source_url"
"""The column of a table with the place that an app is installed from."""
NOT_KEPT = ("sessions",)
"""Tables whose rows a backup does not have: a session that was ended since must not come back."""
_DUMP_TABLES = ("store_*", "db_*")
_SECONDS = 3600
_BUSY_SECONDS = 30


class Snapshots:
    """The databases as they were when this was opened. Belongs to one thread."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        """:raises StoreError: if one cannot be read."""
        self._stack = ExitStack()
        self._open: dict[str, sqlite3.Connection] = {}
        try:
            for name, path in places.items():
                self._open[name] = self._stack.enter_context(_reading(path))
        except BaseException:
            self.close()
            raise

    def size(self, name: str) -> int:
        """Return the bytes of one as a file."""
        connection = self._open[name]
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        return int(pages) * int(page)

    def schema(self, name: str) -> int:
        """Return the version of the schema of one that has steps, 0 for others."""
        try:
            rows = self._open[name].execute("SELECT version_num FROM alembic_version").fetchall()
        except sqlite3.Error:
            return 0
        return max((int(row[0]) for row in rows), default=0)

    def copy(self, name: str, target: Path) -> None:
        """Write one into a new file, and check it.

        :raises StoreError: if it cannot be written, or is damaged.
        """
        make_private(target)
        try:
            with closing(sqlite3.connect(target)) as copied:
                self._open[name].backup(copied)
                copied.execute("PRAGMA journal_mode=DELETE")
                (found,) = copied.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"cannot copy database {name}: {error}") from error
        if found != "ok":
            raise StoreError(f"database {name} is damaged: {found}")

    def close(self) -> None:
        """End the snapshots."""
        self._stack.close()


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, _BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("BEGIN")
            # A transaction that has read nothing has no snapshot yet.
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield connection
    except sqlite3.Error as error:
        raise StoreError(f"cannot read database {path}: {error}") from error


def take_out_sealed(path: Path) -> tuple[bytes, tuple[str, ...]]:
    """Take the sealed rows, and those of sessions, out of a copy; return the first as a database,
    and what they are.

    :raises StoreError: if the copy cannot be changed.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            copy.execute("PRAGMA secure_delete=ON")
            copy.execute("ATTACH ':memory:' AS aside")
            sealed = _tables_with(copy, SEALED_COLUMN)
            told = tuple(each for table in sealed for each in _move(copy, table))
            for table in NOT_KEPT:
                if _columns(copy, table):
                    copy.execute(f"DELETE FROM main.{_quoted(table)}")  # noqa: S608 - a name of ours
            rows = copy.serialize(name="aside")
            copy.execute("DETACH aside")
            copy.execute("VACUUM")
            return rows, told
    except sqlite3.Error as error:
        raise StoreError(f"cannot take the secrets out of the copy: {error}") from error


def put_sealed(path: Path, rows: bytes) -> None:
    """Put the rows that were taken out into a database again.

    :raises StoreError: if they do not fit.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA foreign_keys=OFF")
            database.execute("ATTACH ':memory:' AS aside")
            database.deserialize(rows, name="aside")
            found = database.execute("SELECT name FROM aside.sqlite_master WHERE type = 'table'")
            for (table,) in found.fetchall():
                name = _quoted(table)
                columns = ", ".join(map(_quoted, _columns(database, table, "aside")))
                database.execute(
                    f"INSERT INTO main.{name} ({columns}) SELECT {columns} FROM aside.{name}"  # noqa: S608 - names are quoted
                )
    except sqlite3.Error as error:
        raise StoreError(f"cannot put the secrets back: {error}") from error


def move_sources(path: Path, old: str, new: str) -> None:
    """Let apps that were installed from a folder in the old home have the one in the new home.

    :raises StoreError: if the database cannot be changed.
    """
    before, after = f"{old}/", f"{new}/"
    try:
        with closing(sqlite3.connect(path)) as database, database:
            for table in _tables_with(database, SOURCE_COLUMN):
                database.execute(
                    f"UPDATE {_quoted(table)} SET {SOURCE_COLUMN} = ? || substr({SOURCE_COLUMN}, ?)"  # noqa: S608 - names of ours
                    f" WHERE substr({SOURCE_COLUMN}, 1, ?) = ?",
                    (after, len(before) + 1, len(before), before),
                )
    except sqlite3.Error as error:
        raise StoreError(f"cannot name the new home in the database: {error}") from error


def _tables_with(connection: sqlite3.Connection, column: str) -> list[str]:
    found = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
    names = [str(name) for (name,) in found.fetchall() if name not in NOT_KEPT]
    return sorted(name for name in names if column in _columns(connection, name))


def _move(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    """Move the sealed rows of a table aside, and name them."""
    name = _quoted(table)
    chosen = f"FROM main.{name} WHERE length({SEALED_COLUMN}) > 0"
    connection.execute(f"CREATE TABLE aside.{name} AS SELECT * {chosen}")
    labels = {"name", "user_id"} & set(_columns(connection, table))
    label = _quoted(min(labels)) if labels else "rowid"
    found = connection.execute(f"SELECT DISTINCT {label} FROM aside.{name} ORDER BY 1")  # noqa: S608 - as above
    yield from (f"{table}: {row[0]}" for row in found.fetchall())
    connection.execute(f"DELETE {chosen}")


def _columns(connection: sqlite3.Connection, table: str, schema: str = "main") -> list[str]:
    found = connection.execute(f"PRAGMA {schema}.table_info({_quoted(table)})")
    return [str(row[1]) for row in found.fetchall()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def dump_postgres(url: str, target: Path) -> None:
    """Write the tables of apps' documents into a file of SQL: one snapshot, by ``pg_dump``. Blocks.

    :raises StoreError: if the program is not installed, or fails.
    """
    program = shutil.which("pg_dump")
    if program is None:
        raise StoreError(
            "documents are in PostgreSQL, whose program pg_dump is not installed: install its "
            "client (Debian: postgresql-client)"
        )
    place, password = _without_password(url)
    tables = [f"--table={pattern}" for pattern in _DUMP_TABLES]
    command = [program, "--no-owner", "--no-privileges", "--no-password", *tables, place]
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    make_private(target)
    with target.open("wb") as file:
        done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            env=environment,
            timeout=_SECONDS,
            check=False,
        )
    said = done.stderr.decode("utf-8", "replace").strip()
    # A store whose apps have stored nothing has no tables yet.
    if done.returncode and "no matching tables" not in said:
        raise StoreError(f"pg_dump failed: {said}")


def postgres_size(url: str) -> int:
    """Return the bytes that a database has at most to dump. Blocks.

    :raises StoreError: if it cannot be asked.
    """
    try:
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        try:
            with engine.connect() as connection:
                asked = text("SELECT pg_database_size(current_database())")
                return int(connection.execute(asked).scalar_one())
        finally:
            engine.dispose()
    except (ArgumentError, ValueError):
        raise StoreError("the store's db_connection is no PostgreSQL URL") from None
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise StoreError(f"cannot ask PostgreSQL: {reason(error)}") from error


def _without_password(url: str) -> tuple[str, str]:
    """A URL that others may see on a command line, and its password."""
    try:
        parsed: URL = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("the store's db_connection is no PostgreSQL URL") from None
    query = {name: value for name, value in parsed.query.items() if name != "password"}
    asked = parsed.query.get("password")
    password = parsed.password or (asked if isinstance(asked, str) else "") or ""
    shown = parsed.set(drivername="postgresql", password=None, query=query)
    return shown.render_as_string(hide_password=False), str(password)
