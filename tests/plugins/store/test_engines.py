"""Connections to the databases."""

import stat
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from clace.errors import StoreError
from clace.plugins.builtin.store.engines import DatabaseLimits, open_engines
from clace.plugins.builtin.store.failures import failed
from tests.support.documents import sqlite_url
from tests.support.postgres import postgres


class EngineTests(SynchronousTestCase):
    def engines(self, url, limits):
        engines = open_engines(url, limits)
        self.addCleanup(engines.dispose)
        return engines

    def check_reading(self, url):
        """What only reads cannot write."""
        engines = self.engines(url, DatabaseLimits())
        with self.assertRaises(DBAPIError), engines.reading.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE x (y INTEGER)")

    def test_sqlite(self):
        """SQLite is in a file for its owner only."""
        url = sqlite_url(self.mktemp())
        self.check_reading(url)
        path = Path(url.removeprefix("sqlite:"))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_postgres(self):
        """PostgreSQL keeps the same bound."""
        url, reason = postgres()
        if not url:
            raise SkipTest(reason)
        self.check_reading(url)

    def test_no_database(self):
        """What is no database is refused, without a word of what may be a password."""
        for url in ("mysql://u:hunter2@h/d", "postgresql://u:hunter2@h:port/d", "sqlite:"):
            with self.assertRaises(StoreError) as caught:
                open_engines(url, DatabaseLimits())
            self.assertNotIn("hunter2", caught.exception.message)

    def test_nobody_there(self):
        """A server that is not there stops nobody from starting; a query says so."""
        if not postgres()[0]:
            raise SkipTest(postgres()[1])
        engines = self.engines(
            "postgresql:///d?host=/nonexistent&password=hunter2", DatabaseLimits()
        )
        with self.assertRaises(DBAPIError) as caught, engines.reading.begin():
            self.fail("there is nobody to connect to")
        told = failed(caught.exception).message
        self.assertIn("the store failed", told)
        self.assertNotIn("hunter2", told)
