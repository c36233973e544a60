"""What all rows of syncs promise."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from zope.interface.verify import verifyObject

from clace.admin_api.declarations import FilesApplied
from clace.admin_api.sync import FAILING, SyncMetadata, SyncStatus
from clace.errors import StoreError
from clace.interfaces import ISyncRows, StoredSync, SyncOutcome
from clace.model.identity import Assurance, Identity
from clace.model.paths import AppPath
from clace.model.scope import Scope

BEGIN = datetime(2026, 11, 23, 12, 0, 0, 1, UTC)
NOW = BEGIN.timestamp()
STATUS = SyncStatus(
    state=FAILING,
    failure_count=2,
    last_execution_time=BEGIN,
    error="é",
    commit_id="abc",
    is_apply=True,
    app_apply_response=FilesApplied(update_results=(AppPath("/a"),)),
)


def stored_sync(sync_id="cl_syn_1", **fields):
    whole = {
        "path": "https://git.example.com/a/b/apps.ace",
        "is_scheduled": True,
        "identity": Identity(
            user_id="github:ann",
            groups=("ops",),
            assurance=Assurance.TOKEN,
            token_id="tok_1",
            scope=Scope(permissions=("app:apply",), apps=("/a/**",)),
        ),
        "create_time": BEGIN,
        "metadata": SyncMetadata(git_branch="é", promote=True, webhook_paths=("a/**",)),
        "due": NOW + 60,
    }
    return StoredSync(id=sync_id, **{**whole, **fields})


class SyncRowsContract:
    """Mix into ``SynchronousTestCase``; over no rows."""

    def make_rows(self):
        """An ``ISyncRows`` without rows."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.rows = self.make_rows()

    def test_is_rows(self):
        """It fills the seam."""
        verifyObject(ISyncRows, self.rows)

    def test_add(self):
        """What was added is found by its id, whole, and no other has the id."""
        self.rows.add(stored_sync())
        self.rows.add(stored_sync("cl_syn_2", due=None, status=STATUS))
        self.assertEqual(self.rows.find("cl_syn_1"), stored_sync())
        self.assertEqual(self.rows.find("cl_syn_2").status, STATUS)
        self.assertIsNone(self.rows.find("cl_syn_3"))
        self.assertRaises(StoreError, self.rows.add, stored_sync())

    def test_all(self):
        """All are listed, the oldest first."""
        later = stored_sync("cl_syn_0", create_time=BEGIN + timedelta(1))
        self.rows.add(later)
        self.rows.add(stored_sync())
        self.assertEqual(self.rows.all(), (stored_sync(), later))

    def test_delete(self):
        """What was deleted is gone, and only that."""
        self.rows.add(stored_sync())
        self.rows.add(stored_sync("cl_syn_2"))
        self.assertTrue(self.rows.delete("cl_syn_1"))
        self.assertFalse(self.rows.delete("cl_syn_1"))
        self.assertEqual(self.rows.all(), (stored_sync("cl_syn_2"),))

    def test_due(self):
        """Due is whose time has come, the longest first, unless it runs or has no time."""
        self.assertIsNone(self.rows.due(NOW).upcoming)
        for sync_id, due in (("a", NOW + 2), ("b", NOW + 1), ("c", NOW + 3), ("d", None)):
            self.rows.add(stored_sync(sync_id, due=due))
        self.assertEqual(self.rows.due(NOW).upcoming, NOW + 1)
        self.assertEqual(self.rows.due(NOW).ids, ())
        self.assertEqual(self.rows.due(NOW + 2).ids, ("b", "a"))
        self.rows.claim("b", "here", NOW, NOW + 10)
        self.assertEqual(self.rows.due(NOW + 5).ids, ("a", "c"))
        self.assertEqual(self.rows.due(NOW + 10).ids, ("b", "a", "c"))

    def test_one_holder(self):
        """Whoever claims first runs it, until the outcome is kept."""
        self.rows.add(stored_sync())
        self.assertFalse(self.rows.claim("cl_syn_9", "here", NOW, NOW + 10))
        self.assertTrue(self.rows.claim("cl_syn_1", "here", NOW, NOW + 10))
        self.assertEqual(self.rows.find("cl_syn_1").running_since, BEGIN)
        for holder in ("here", "there"):
            self.assertFalse(self.rows.claim("cl_syn_1", holder, NOW + 9, NOW + 19))
        self.assertFalse(self.rows.finish("cl_syn_1", "there", SyncOutcome(STATUS, NOW)))
        self.assertFalse(self.rows.finish("cl_syn_1", "there", None))
        self.assertTrue(self.rows.finish("cl_syn_1", "here", SyncOutcome(STATUS, NOW + 99)))
        done = stored_sync(status=STATUS, due=NOW + 99)
        self.assertEqual(self.rows.find("cl_syn_1"), done)
        self.assertTrue(self.rows.claim("cl_syn_1", "there", NOW + 9, NOW + 19))

    def test_a_dead_holder(self):
        """A holder that does not renew its lease loses the sync, and can change nothing of it."""
        self.rows.add(stored_sync())
        self.rows.claim("cl_syn_1", "here", NOW, NOW + 10)
        self.assertTrue(self.rows.renew("cl_syn_1", "here", NOW + 20))
        self.assertFalse(self.rows.claim("cl_syn_1", "there", NOW + 19, NOW + 30))
        self.assertTrue(self.rows.claim("cl_syn_1", "there", NOW + 20, NOW + 30))
        self.assertFalse(self.rows.renew("cl_syn_1", "here", NOW + 40))
        self.assertFalse(self.rows.finish("cl_syn_1", "here", SyncOutcome(STATUS, None)))
        self.assertEqual(self.rows.find("cl_syn_1").status, SyncStatus())

    def test_release(self):
        """A run without an outcome leaves the sync as it was."""
        self.rows.add(stored_sync())
        self.rows.claim("cl_syn_1", "here", NOW, NOW + 10)
        self.assertTrue(self.rows.finish("cl_syn_1", "here", None))
        self.assertEqual(self.rows.find("cl_syn_1"), stored_sync())
        self.rows.delete("cl_syn_1")
        self.assertFalse(self.rows.finish("cl_syn_1", "here", None))

    def test_changes_one(self):
        """A run of one changes no other."""
        self.rows.add(stored_sync())
        other = replace(stored_sync("cl_syn_2"), metadata=SyncMetadata())
        self.rows.add(other)
        self.rows.claim("cl_syn_1", "here", NOW, NOW + 10)
        self.rows.finish("cl_syn_1", "here", SyncOutcome(STATUS, None))
        self.assertEqual(self.rows.find("cl_syn_2"), other)
