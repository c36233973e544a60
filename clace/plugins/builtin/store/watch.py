"""Statements of SQLite that run for too long: PostgreSQL ends them itself."""

from __future__ import annotations

import time
from contextlib import suppress
from sqlite3 import ProgrammingError
from typing import Any

from sqlalchemy import Connection, Engine, event


class StatementWatch:
    """Knows until when each connection may work on its statement.

    SQLite could also ask a function every so many steps of its own. But a step may be to look for
    a pattern in a megabyte, and the question takes a thread's turn from the reactor.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadlines: dict[Any, float] = {}

    def observe(self, engine: Engine) -> None:
        """Observe the connections of the engine."""
        event.listen(engine, "before_cursor_execute", self._begins)
        event.listen(engine, "checkin", self._ends)

    def interrupt_late(self) -> None:
        """Interrupt what runs for too long, between two rows; nothing happens if nothing runs."""
        now = time.monotonic()
        for connection, deadline in self._deadlines.copy().items():
            if deadline <= now:
                with suppress(ProgrammingError):  # it was closed
                    connection.interrupt()

    def begins(self, driver_connection: Any) -> None:
        """Note that a statement begins on this connection."""
        self._deadlines[driver_connection] = time.monotonic() + self._seconds

    def ends(self, driver_connection: Any) -> None:
        """Note that nothing runs on this connection any more."""
        self._deadlines.pop(driver_connection, None)

    def _begins(self, connection: Connection, *_statement: object) -> None:
        self.begins(connection.connection.dbapi_connection)

    def _ends(self, driver_connection: Any, _record: object) -> None:
        self.ends(driver_connection)
