"""Tests for ``clace.metadata.secret_rows``."""

from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.database.schema import UpgradeOptions
from clace.errors import StoreError
from clace.metadata.secret_rows import open_secret_rows
from clace.metadata.store import SCHEMA
from tests.support.memory_secrets import MemorySecretRows
from tests.support.secret_contract import SecretRowsContract


class SecretRowsTests(SecretRowsContract, SynchronousTestCase):
    def make_rows(self):
        self.path = Path(self.mktemp()).absolute()
        SCHEMA.prepare(self.path, UpgradeOptions(), datetime.now(UTC))
        rows = open_secret_rows(f"sqlite:{self.path}")
        self.addCleanup(rows.close)
        return rows

    def test_used_again(self):
        """What was closed opens by itself; a process may fork in between."""
        self.rows.put(self.row(), replace=False)
        self.rows.close()
        self.assertIsNotNone(self.rows.get("a"))

    def test_broken_database(self):
        """A failure of the database is told as such."""
        self.rows.close()
        self.path.write_bytes(b"no database" * 1000)
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        error = self.assertRaises(StoreError, self.rows.get, "a")
        self.assertIn("cannot look up a secret", error.message)


class MemorySecretRowsTests(SecretRowsContract, SynchronousTestCase):
    """The twin in memory keeps the same promises."""

    def make_rows(self):
        return MemorySecretRows()
