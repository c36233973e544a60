import stat
from pathlib import Path

from sqlalchemy import func, select
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.database.schema import UpgradeOptions
from clace.errors import StoreError
from clace.interfaces import AddApp, AddVersion, RemoveApp
from clace.metadata.store import AppStore, open_store
from clace.metadata.tables import contents
from clace.sources.tree import Tree
from tests.support.store_contract import FILES, AppStoreContract, production, version
from tests.support.stores import sqlite_store


class SQLiteStoreTests(AppStoreContract, SynchronousTestCase):
    """The store keeps the contract in an SQLite database."""

    def make_store(self, clock):
        self.path = Path(self.mktemp()).absolute() / "metadata" / "apps.db"
        return self.opened(clock)

    def opened(self, clock):
        store = sqlite_store(self.path, clock)
        self.addCleanup(store._close)
        return store

    def stored_contents(self):
        with self.store._reading.connect() as connection:
            return connection.scalar(select(func.count()).select_from(contents))

    def test_what_is_committed_outlives_the_store(self):
        """A store opened again has the apps and files that were committed."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        before = self.apps(), self.contents(app.id, 1)
        self.store = self.opened(Clock())
        self.assertEqual((self.apps(), self.contents(app.id, 1)), before)

    def test_contents_are_stored_once(self):
        """The same bytes under many names and in many versions are one row."""
        app = self.added(production("/a"))
        same = Tree({"a": b"same", "b": b"same"})
        self.commit(AddVersion(app.id, version(1), same))
        self.commit(AddVersion(app.id, version(2), same))
        self.assertEqual(self.stored_contents(), 1)

    def test_removes_the_contents_that_nobody_has(self):
        """The contents of a removed app go, but for those that another app has."""
        app, other = self.added(production("/a")), self.added(production("/b"))
        self.commit(
            AddVersion(app.id, version(1), Tree({"a": b"mine", "b": b"ours"})),
            AddVersion(other.id, version(1), Tree({"c": b"ours"})),
        )
        self.commit(RemoveApp(app))
        self.assertEqual(self.stored_contents(), 1)

    def test_a_dry_run_leaves_no_contents(self):
        """Files of a dry run are not kept."""
        app = production("/a")
        self.commit(AddApp(app), AddVersion(app.id, version(1), FILES), dry_run=True)
        self.assertEqual(self.stored_contents(), 0)

    def test_compresses_where_it_helps(self):
        """Text is stored compressed and so given; what does not shrink is stored as it is."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        files = self.successResultOf(self.store.files(app.id, 1))
        small = self.successResultOf(files.read_brotli("app.star"))
        self.assertLess(len(small), files.refs["app.star"].size)
        self.assertIsNone(self.successResultOf(files.read_brotli("static/é.bin")))

    def test_says_what_is_damaged(self):
        """A content that is not what was stored is refused, not served."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        with self.store._writing.begin() as connection:
            connection.execute(contents.update().values(content=b"\0"))
        files = self.successResultOf(self.store.files(app.id, 1))
        for name in FILES.refs:
            self.failureResultOf(files.read(name), StoreError)

    def test_files_of_a_removed_app_are_refused(self):
        """Files read after their app was removed fail as such."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        files = self.successResultOf(self.store.files(app.id, 1))
        self.commit(RemoveApp(app))
        failure = self.failureResultOf(files.read("app.star"), StoreError)
        self.assertIn("not stored any more", failure.value.message)

    def test_text_that_no_database_takes_is_refused(self):
        """A text that is no Unicode is a refusal, not a fault."""
        message = self.refused(StoreError, AddApp(production("/a", user_id="\ud800")))
        self.assertIn("cannot store the changes", message)

    def test_is_for_its_owner_only(self):
        """Folder and files, the write-ahead log's too, are closed to others."""
        self.added(production("/a"))
        self.assertEqual(stat.S_IMODE(self.path.parent.stat().st_mode), 0o700)
        for file in self.path.parent.iterdir():
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)


class OpenStoreTests(SynchronousTestCase):
    """Opening a store by its URL."""

    def test_opens_by_url(self):
        """A ``sqlite:`` URL gives a store that is a service with its threads in it."""
        path = Path(self.mktemp()).absolute()
        store = open_store(f"sqlite:{path}", UpgradeOptions(), Clock())
        self.assertIsInstance(store, AppStore)
        self.assertEqual(
            sorted(threads.name for threads in store),
            ["metadata-packer", "metadata-readers", "metadata-writer"],
        )
        self.assertTrue(path.exists())
