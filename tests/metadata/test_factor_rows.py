"""Tests for ``clace.metadata.factor_rows``."""

from datetime import UTC, datetime
from pathlib import Path
from unittest import SkipTest

from sqlalchemy import create_engine, make_url
from twisted.trial.unittest import SynchronousTestCase

from clace.database.schema import UpgradeOptions
from clace.metadata import tables
from clace.metadata.factor_rows import FactorRows, open_factor_rows
from clace.metadata.store import SCHEMA
from tests.support.factor_contract import FactorRowsContract
from tests.support.memory_factors import MemoryFactorRows
from tests.support.postgres import fresh, postgres


class FactorRowsTests(FactorRowsContract, SynchronousTestCase):
    def make_rows(self):
        path = Path(self.mktemp()).absolute()
        SCHEMA.prepare(path, UpgradeOptions(), datetime.now(UTC))
        rows = open_factor_rows(f"sqlite:{path}")
        self.addCleanup(rows.close)
        return rows


class PostgresFactorRowsTests(FactorRowsContract, SynchronousTestCase):
    """The same statements in PostgreSQL."""

    def make_rows(self):
        url, reason = postgres()
        if not url:
            raise SkipTest(reason)
        fresh(url)
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        tables.schema.create_all(engine, [tables.user_factors])
        rows = FactorRows(engine, engine)
        self.addCleanup(rows.close)
        return rows


class MemoryFactorRowsTests(FactorRowsContract, SynchronousTestCase):
    """The twin in memory keeps the same promises."""

    def make_rows(self):
        return MemoryFactorRows()
