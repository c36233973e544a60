"""Statements compiled once, and the connections that run them without more ado.

SQLAlchemy writes the SQL of both databases. To run a statement through it costs several times what
the database takes for it, so it is compiled once and then given to the driver, which keeps it
prepared.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from sqlalchemy import Dialect, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

from clace.plugins.builtin.store.watch import StatementWatch

Values = Mapping[str, Any]
Row = tuple[Any, ...]
NOTHING: Values = {}
_SAVEPOINT = "one_call"


class Statement:
    """The SQL of a statement for one kind of database, and where its values go."""

    __slots__ = ("_fixed", "_names", "text")

    def __init__(self, construct: ClauseElement, dialect: Dialect) -> None:
        compiled = construct.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        constants = compiled.params.items()
        self._fixed: Values = {name: value for name, value in constants if value is not None}
        names = getattr(compiled, "positiontup", None)
        self._names: tuple[str, ...] | None = None if names is None else tuple(names)

    def filled(self, values: Values) -> Any:
        """The values as the driver takes them."""
        given = {**self._fixed, **values} if self._fixed else values
        return given if self._names is None else [given[name] for name in self._names]


class StoreConnection:
    """One connection. Who has it begins and ends its transactions.

    :raises DBAPIError: from every method, if the database fails; it names no value.
    """

    def __init__(
        self, pooled: PoolProxiedConnection, dialect: Dialect, begin: str, watch: StatementWatch
    ) -> None:
        self.dialect = dialect
        self._pooled = pooled
        self._driver: Any = pooled.driver_connection
        self._errors: type[Exception] = dialect.loaded_dbapi.Error
        self._begin = begin
        self._watch = watch

    def all(self, statement: Statement, values: Values = NOTHING) -> list[Row]:
        """Return the rows."""
        try:
            return self._run(statement, values).fetchall()  # type: ignore[no-any-return]
        except self._errors as error:
            raise DBAPIError(statement.text, None, error) from error

    def first(self, statement: Statement, values: Values = NOTHING) -> Row | None:
        """Return the first row."""
        try:
            return self._run(statement, values).fetchone()  # type: ignore[no-any-return]
        except self._errors as error:
            raise DBAPIError(statement.text, None, error) from error

    def rows(self, statement: Statement, values: Values = NOTHING) -> Generator[Row]:
        """Yield the rows as the database finds them."""
        try:
            cursor = self._run(statement, values)
            try:
                yield from cursor
            finally:
                cursor.close()
        except self._errors as error:
            raise DBAPIError(statement.text, None, error) from error

    def change(self, statement: Statement, values: Values = NOTHING) -> int:
        """Return the number of rows that were changed."""
        try:
            return self._run(statement, values).rowcount  # type: ignore[no-any-return]
        except self._errors as error:
            raise DBAPIError(statement.text, None, error) from error

    def insert(self, statement: Statement, values: Values) -> int:
        """Return the key of the new row, which PostgreSQL's statement asks for."""
        try:
            cursor = self._run(statement, values)
            found = cursor.lastrowid if self._begin else cursor.fetchone()[0]
        except self._errors as error:
            raise DBAPIError(statement.text, None, error) from error
        return int(found)

    def begin(self) -> None:
        """Begin a transaction; PostgreSQL's driver does that by itself."""
        if self._begin:
            self._say(self._begin)

    def commit(self) -> None:
        self._end(self._driver.commit)

    def rollback(self) -> None:
        self._end(self._driver.rollback)

    def save(self) -> None:
        """Remember this state of the transaction."""
        self._say(f"SAVEPOINT {_SAVEPOINT}")

    def forget(self) -> None:
        """Keep what was done since ``save``."""
        self._say(f"RELEASE SAVEPOINT {_SAVEPOINT}")

    def back(self) -> None:
        """Return to the state of ``save``."""
        self._say(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        self._say(f"RELEASE SAVEPOINT {_SAVEPOINT}")

    def rest(self) -> None:
        """Nothing runs now, however long ago the last statement began."""
        self._watch.ends(self._driver)

    def close(self) -> None:
        """Give the connection back to its pool, which rolls back what is not committed."""
        self.rest()
        self._pooled.close()

    def _run(self, statement: Statement, values: Values) -> Any:
        self._watch.begins(self._driver)
        return self._driver.execute(statement.text, statement.filled(values))

    def _say(self, text: str) -> None:
        self._watch.begins(self._driver)
        self._end(lambda: self._driver.execute(text))

    def _end(self, act: Any) -> None:
        try:
            act()
        except self._errors as error:
            raise DBAPIError(None, None, error) from error
