"""Tests for ``clace.metadata.token_rows``."""

from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.database.schema import UpgradeOptions
from clace.metadata.store import SCHEMA
from clace.metadata.token_rows import open_token_rows
from tests.support.memory_tokens import MemoryTokenRows
from tests.support.token_contract import TokenRowsContract, api_token


class TokenRowsTests(TokenRowsContract, SynchronousTestCase):
    def make_rows(self):
        self.path = Path(self.mktemp()).absolute()
        SCHEMA.prepare(self.path, UpgradeOptions(), datetime.now(UTC))
        rows = open_token_rows(f"sqlite:{self.path}")
        self.addCleanup(rows.close)
        return rows

    def test_used_again(self):
        """What was closed opens by itself; a process may fork in between."""
        self.rows.add(api_token())
        self.rows.close()
        self.assertIsNotNone(self.rows.find("d1"))


class MemoryTokenRowsTests(TokenRowsContract, SynchronousTestCase):
    """The twin in memory keeps the same promises."""

    def make_rows(self):
        return MemoryTokenRows()
