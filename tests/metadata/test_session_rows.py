"""Tests for ``clace.metadata.session_rows``."""

from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.database.schema import UpgradeOptions
from clace.errors import StoreError
from clace.metadata.session_rows import open_session_rows
from clace.metadata.store import SCHEMA
from tests.support.session_contract import SessionRowsContract, session
from tests.support.sign_in import MemorySessionRows


class SessionRowsTests(SessionRowsContract, SynchronousTestCase):
    def make_rows(self):
        self.path = Path(self.mktemp()).absolute()
        SCHEMA.prepare(self.path, UpgradeOptions(), datetime.now(UTC))
        rows = open_session_rows(f"sqlite:{self.path}")
        self.addCleanup(rows.close)
        return rows

    def test_one_of_a_digest(self):
        """Two sessions never share a secret or a name."""
        self.rows.add(session())
        self.assertRaises(StoreError, self.rows.add, session(name="ses_other"))
        self.assertRaises(StoreError, self.rows.add, session(b"2" * 32, name="ses_1"))


class MemorySessionRowsTests(SessionRowsContract, SynchronousTestCase):
    """The twin in memory keeps the same promises."""

    def make_rows(self):
        return MemorySessionRows()
