"""What all rows of webhooks and of deliveries promise."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from zope.interface.verify import verifyObject

from clace.errors import StoreError
from clace.interfaces import IDeliveryRows, IWebhookRows, StoredDelivery, StoredWebhook
from clace.model.identity import Assurance, Identity

BEGIN = datetime(2026, 11, 23, 12, 0, 0, 1, UTC)
SECOND = timedelta(seconds=1)
APP, OTHER, SYNC = "app_prd_1", "app_prd_2", "cl_syn_1"


def stored_webhook(webhook_id="hook_1", **fields):
    whole = {
        "kind": "reload",
        "app_id": APP,
        "proof": "hmac",
        "sealed": b"\0\xff",
        "branches": ("main", "é/*"),
        "paths": ("a/**",),
        "identity": Identity(user_id="github:ann", assurance=Assurance.SSO),
        "create_time": BEGIN,
    }
    return StoredWebhook(id=webhook_id, **{**whole, **fields})


def stored_delivery(number=1, webhook_id="hook_1", **fields):
    whole = {
        "fingerprint": f"id {number}",
        "state": "queued",
        "detail": "é",
        "receive_time": BEGIN + number * SECOND,
    }
    return StoredDelivery(id=f"d{number}", webhook_id=webhook_id, **{**whole, **fields})


class WebhookRowsContract:
    """Mix into ``SynchronousTestCase``; over no rows, with the apps and the sync above."""

    def make_rows(self):
        """An ``IWebhookRows`` without rows."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.rows = self.make_rows()

    def test_is_rows(self):
        """It fills the seam."""
        verifyObject(IWebhookRows, self.rows)

    def test_put(self):
        """What was kept is found by kind and target, and by its id, whole."""
        of_sync = stored_webhook(
            "hook_2", kind="sync", app_id=None, sync_id=SYNC, proof="bearer", digest="x", sealed=b""
        )
        self.assertFalse(self.rows.put(stored_webhook()))
        self.assertFalse(self.rows.put(of_sync))
        self.assertEqual(self.rows.find("reload", APP), stored_webhook())
        self.assertEqual(self.rows.find("sync", SYNC), of_sync)
        self.assertEqual(self.rows.named("hook_2"), of_sync)
        for kind, target in (("promote", APP), ("reload", OTHER), ("reload", SYNC), ("sync", "")):
            self.assertIsNone(self.rows.find(kind, target), (kind, target))
        self.assertIsNone(self.rows.named("hook_3"))

    def test_replace(self):
        """One of the same app and kind takes the place of the one before, and of no other."""
        self.rows.put(stored_webhook())
        promote = stored_webhook("hook_2", kind="promote")
        other = stored_webhook("hook_3", app_id=OTHER)
        self.rows.put(promote)
        self.rows.put(other)
        new = stored_webhook("hook_4", proof="bearer")
        self.assertTrue(self.rows.put(new))
        self.assertIsNone(self.rows.named("hook_1"))
        self.assertEqual(self.rows.of_app(APP), (promote, new))
        self.assertEqual(self.rows.of_app(OTHER), (other,))
        self.assertRaises(StoreError, self.rows.put, stored_webhook("hook_3", kind="promote"))

    def test_delete(self):
        """What was deleted is gone, and only that."""
        self.rows.put(stored_webhook())
        self.rows.put(stored_webhook("hook_2", kind="promote"))
        self.assertTrue(self.rows.delete("hook_1"))
        self.assertFalse(self.rows.delete("hook_1"))
        self.assertEqual(len(self.rows.of_app(APP)), 1)


class DeliveryRowsContract:
    """Mix into ``SynchronousTestCase``; over no rows, with webhooks ``hook_1`` and ``hook_2``."""

    def make_rows(self):
        """An ``IDeliveryRows`` without rows."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.rows = self.make_rows()

    def receive(self, delivery, most=10, since=BEGIN):
        return self.rows.receive(delivery, most, since)

    def test_is_rows(self):
        """It fills the seam."""
        verifyObject(IDeliveryRows, self.rows)

    def test_once(self):
        """One of a fingerprint is kept, and told again; another webhook's may have the same."""
        self.assertIsNone(self.receive(stored_delivery()))
        again = stored_delivery(2, fingerprint="id 1")
        self.assertEqual(self.receive(again), stored_delivery())
        self.assertIsNone(self.receive(replace(again, webhook_id="hook_2")))
        self.assertEqual(self.rows.of("hook_1", 10), (stored_delivery(),))
        self.assertEqual(self.rows.find("d1"), stored_delivery())
        self.assertIsNone(self.rows.find("d3"))

    def test_settle(self):
        """A delivery has its newest state; what is gone stays gone."""
        self.receive(stored_delivery())
        self.receive(stored_delivery(2))
        self.rows.settle(("d1", "d9"), "failed", "why", BEGIN + SECOND)
        self.rows.settle((), "done", "", BEGIN)
        done = stored_delivery(state="failed", detail="why", finish_time=BEGIN + SECOND)
        self.assertEqual(self.rows.of("hook_1", 10), (stored_delivery(2), done))

    def test_newest(self):
        """So many are told as are wanted, the newest first."""
        for number in (1, 3, 2):
            self.receive(stored_delivery(number))
        self.assertEqual([one.id for one in self.rows.of("hook_1", 2)], ["d3", "d2"])

    def test_bounded(self):
        """Of each webhook so many are kept; the oldest go, and those that are too old."""
        self.receive(stored_delivery(9, "hook_2"))
        for number in range(1, 7):
            self.receive(stored_delivery(number), most=3)
        self.assertEqual([one.id for one in self.rows.of("hook_1", 10)], ["d6", "d5", "d4"])
        self.receive(stored_delivery(7), since=BEGIN + 5 * SECOND)
        self.assertEqual([one.id for one in self.rows.of("hook_1", 10)], ["d7", "d6", "d5"])
        self.assertEqual(len(self.rows.of("hook_2", 10)), 1)

    def test_unfinished(self):
        """Those that wait or run are told, the oldest first."""
        for number, state in ((3, "queued"), (1, "running"), (2, "done"), (4, "failed")):
            self.receive(stored_delivery(number, state=state))
        self.receive(stored_delivery(5, "hook_2"))
        self.assertEqual([one.id for one in self.rows.unfinished()], ["d1", "d3", "d5"])
