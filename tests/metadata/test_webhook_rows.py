"""Tests for ``clace.metadata.webhook_rows`` and ``clace.metadata.delivery_rows``."""

from datetime import UTC, datetime
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.database.schema import UpgradeOptions
from clace.interfaces import AddApp, RemoveApp
from clace.metadata.delivery_rows import open_delivery_rows
from clace.metadata.store import SCHEMA
from clace.metadata.sync_rows import open_sync_rows
from clace.metadata.webhook_rows import open_webhook_rows
from clace.model.app import App
from tests.support.memory_webhooks import MemoryDeliveryRows, MemoryWebhookRows
from tests.support.stores import sqlite_store
from tests.support.sync_contract import stored_sync
from tests.support.webhook_contract import (
    APP,
    BEGIN,
    OTHER,
    SYNC,
    DeliveryRowsContract,
    WebhookRowsContract,
    stored_delivery,
    stored_webhook,
)


class DatabaseCase(SynchronousTestCase):
    """A database with two apps and a sync."""

    def setUp(self):
        self.path = Path(self.mktemp()).absolute()
        SCHEMA.prepare(self.path, UpgradeOptions(), datetime.now(UTC))
        self.store = sqlite_store(self.path, Clock())
        self.addCleanup(self.store.stopService)
        self.apps = [App(id=one, path=f"/{one}", create_time=BEGIN) for one in (APP, OTHER)]
        self.successResultOf(self.store.commit(tuple(map(AddApp, self.apps)), dry_run=False))
        self.syncs = self.opened(open_sync_rows)
        self.syncs.add(stored_sync(SYNC))

    def opened(self, kind):
        rows = kind(f"sqlite:{self.path}")
        self.addCleanup(rows.close)
        return rows


class WebhookRowsTests(WebhookRowsContract, DatabaseCase):
    def setUp(self):
        DatabaseCase.setUp(self)
        self.rows = self.opened(open_webhook_rows)

    def test_goes_with_its_target(self):
        """The webhooks and deliveries of an app or a sync that is deleted are gone too."""
        self.rows.put(stored_webhook())
        self.rows.put(stored_webhook("hook_2", kind="sync", app_id=None, sync_id=SYNC))
        deliveries = self.opened(open_delivery_rows)
        for number in (1, 2):
            deliveries.receive(stored_delivery(number, f"hook_{number}"), 10, BEGIN)
        (app, _) = self.successResultOf(self.store.apps())
        self.successResultOf(self.store.commit((RemoveApp(app),), dry_run=False))
        self.syncs.delete(SYNC)
        self.assertEqual((self.rows.named("hook_1"), self.rows.named("hook_2")), (None, None))
        self.assertEqual(deliveries.unfinished(), ())


class DeliveryRowsTests(DeliveryRowsContract, DatabaseCase):
    def setUp(self):
        DatabaseCase.setUp(self)
        self.rows = self.opened(open_delivery_rows)
        webhooks = self.opened(open_webhook_rows)
        webhooks.put(stored_webhook())
        webhooks.put(stored_webhook("hook_2", kind="promote"))


class MemoryWebhookRowsTests(WebhookRowsContract, SynchronousTestCase):
    """The twin in memory keeps the same promises."""

    def make_rows(self):
        return MemoryWebhookRows()


class MemoryDeliveryRowsTests(DeliveryRowsContract, SynchronousTestCase):
    """The twin in memory keeps the same promises."""

    def make_rows(self):
        return MemoryDeliveryRows()
