"""Tests for ``clace.metadata.user_rows``."""

from datetime import UTC, datetime
from pathlib import Path
from unittest import SkipTest

from sqlalchemy import create_engine, make_url
from twisted.trial.unittest import SynchronousTestCase

from clace.database.schema import UpgradeOptions
from clace.metadata import tables
from clace.metadata.store import SCHEMA
from clace.metadata.user_rows import UserRows, open_user_rows
from tests.support.memory_users import MemoryUserRows
from tests.support.postgres import fresh, postgres
from tests.support.user_contract import UserRowsContract


class UserRowsTests(UserRowsContract, SynchronousTestCase):
    def make_rows(self):
        path = Path(self.mktemp()).absolute()
        SCHEMA.prepare(path, UpgradeOptions(), datetime.now(UTC))
        rows = open_user_rows(f"sqlite:{path}")
        self.addCleanup(rows.close)
        return rows


class PostgresUserRowsTests(UserRowsContract, SynchronousTestCase):
    """The same statements in PostgreSQL."""

    def make_rows(self):
        url, reason = postgres()
        if not url:
            raise SkipTest(reason)
        fresh(url)
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        tables.schema.create_all(engine, [tables.users, tables.user_links])
        rows = UserRows(engine, engine)
        self.addCleanup(rows.close)
        return rows


class MemoryUserRowsTests(UserRowsContract, SynchronousTestCase):
    """The twin in memory keeps the same promises."""

    def make_rows(self):
        return MemoryUserRows()
