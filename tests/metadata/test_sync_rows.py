"""Tests for ``clace.metadata.sync_rows``."""

from datetime import UTC, datetime
from multiprocessing.pool import ThreadPool
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.database.schema import UpgradeOptions
from clace.metadata.store import SCHEMA
from clace.metadata.sync_rows import open_sync_rows
from tests.support.memory_syncs import MemorySyncRows
from tests.support.sync_contract import NOW, SyncRowsContract, stored_sync


class SyncRowsTests(SyncRowsContract, SynchronousTestCase):
    def make_rows(self):
        self.path = Path(self.mktemp()).absolute()
        SCHEMA.prepare(self.path, UpgradeOptions(), datetime.now(UTC))
        return self.opened()

    def opened(self):
        rows = open_sync_rows(f"sqlite:{self.path}")
        self.addCleanup(rows.close)
        return rows

    def test_many_claim_at_once(self):
        """Of several connections that claim a sync at the same time, one gets it."""
        self.rows.add(stored_sync())
        places = [(str(number), self.opened()) for number in range(8)]
        with ThreadPool(8) as pool:
            won = pool.map(
                lambda place: place[1].claim("cl_syn_1", place[0], NOW, NOW + 10), places
            )
        self.assertEqual(sum(won), 1)
        self.assertEqual(self.rows.find("cl_syn_1").holder, str(won.index(True)))

    def test_used_again(self):
        """What was closed opens by itself; a process may fork in between."""
        self.rows.add(stored_sync())
        self.rows.close()
        self.assertIsNotNone(self.rows.find("cl_syn_1"))


class MemorySyncRowsTests(SyncRowsContract, SynchronousTestCase):
    """The twin in memory keeps the same promises."""

    def make_rows(self):
        return MemorySyncRows()
