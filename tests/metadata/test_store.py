import stat
from functools import partial
from io import BytesIO
from pathlib import Path

from sqlalchemy import func, select
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, gatherResults
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase

from clace.database.schema import UpgradeOptions
from clace.encodings import IDENTITY
from clace.errors import AppExists, ChangedMeanwhile, SourceError, StoreError
from clace.interfaces import AddApp, AddVersion, RemoveApp
from clace.metadata import queries
from clace.metadata.changes import StoreCommit
from clace.metadata.store import AppStore, open_store
from clace.metadata.tables import contents, encoded
from clace.sources.tree import SourceTree
from tests.support.encodings import decoded
from tests.support.store_contract import (
    CREATED,
    FILES,
    AppStoreContract,
    production,
    twin_of,
    version,
)
from tests.support.stores import sqlite_store
from tests.support.threads import at_once

SCRIPT_TEXT = b"export const answer = 42;\n" * 99
SCRIPT = SourceTree({"a.js": SCRIPT_TEXT})


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
        same = SourceTree({"a": b"same", "b": b"same"})
        self.commit(AddVersion(app.id, version(1), same))
        self.commit(AddVersion(app.id, version(2), same))
        self.assertEqual(self.stored_contents(), 1)

    def test_no_thread_for_contents_that_are_stored(self):
        """A commit gives work to the thread that compresses only if it has new contents."""
        packs = []

        async def pack(work):
            packs.append(work)
            return work()

        self.store = AppStore(self.path, Clock(), write=at_once, read=at_once, pack=pack)
        self.addCleanup(self.store._close)
        app = self.added(production("/a"))
        self.assertEqual(len(packs), 0)
        self.commit(AddVersion(app.id, version(1), FILES))
        self.assertEqual(len(packs), 1)
        self.commit(AddVersion(app.id, version(2), FILES))
        self.assertEqual(len(packs), 1)

    def test_removes_the_contents_that_nobody_has(self):
        """The contents of a removed app go, but for those that another app has."""
        app, other = self.added(production("/a")), self.added(production("/b"))
        self.commit(
            AddVersion(app.id, version(1), SourceTree({"a": b"mine", "b": b"ours"})),
            AddVersion(other.id, version(1), SourceTree({"c": b"ours"})),
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
        small = self.successResultOf(files.read_encoded("app.star", "br"))
        self.assertLess(len(small), files.refs["app.star"].size)
        self.assertEqual(files.encodings("static/é.bin"), ())
        self.failureResultOf(files.read_encoded("static/é.bin", "br"), SourceError)

    def encoded(self, app, number=1):
        """A file in all its encodings, from a store opened anew."""
        self.store = self.opened(Clock())
        files = self.successResultOf(self.store.files(app.id, number))
        return {
            encoding: self.successResultOf(files.read_encoded("a.js", encoding))
            for encoding in files.encodings("a.js")
        }

    def kept_encodings(self):
        with self.store._reading.connect() as connection:
            return connection.execute(select(encoded.c.encoding, encoded.c.content)).all()

    def test_encodings_are_made_once(self):
        """Text is had as brotli, zstd and gzip; what is made of it is kept beside the content."""
        app, other = self.added(production("/a")), self.added(production("/b"))
        self.commit(AddVersion(app.id, version(1), SCRIPT))
        self.commit(AddVersion(other.id, version(1), SCRIPT))
        self.assertEqual(self.kept_encodings(), [])
        made = self.encoded(app)
        self.assertEqual([*made], ["br", "zstd", "gzip"])
        for encoding, content in made.items():
            self.assertEqual(decoded(encoding, content), SCRIPT_TEXT)
        kept = dict(self.kept_encodings())
        self.assertEqual(kept, {name: made[name] for name in ("zstd", "gzip")})
        with self.store._writing.begin() as connection:
            connection.execute(encoded.update().values(content=b"kept"))
        self.assertEqual(self.encoded(other), {**made, "zstd": b"kept", "gzip": b"kept"})

    def test_copies_encodings(self):
        """An encoding is written to an open file as it is read."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), SCRIPT))
        files = self.successResultOf(self.store.files(app.id, 1))
        for encoding in files.encodings("a.js"):
            copy = BytesIO()
            self.successResultOf(files.copy("a.js", encoding, copy))
            self.assertEqual(decoded(encoding, copy.getvalue()), SCRIPT_TEXT)

    def test_encodings_go_with_their_content(self):
        """When no version has a content any more, its encodings go too; not before."""
        app, other = self.added(production("/a")), self.added(production("/b"))
        for owner in (app, other):
            self.commit(AddVersion(owner.id, version(1), SCRIPT))
        self.encoded(app)
        self.commit(RemoveApp(app))
        self.assertEqual(len(self.kept_encodings()), 2)
        self.commit(RemoveApp(other))
        self.assertEqual(self.kept_encodings(), [])

    def test_an_encoding_of_a_removed_content(self):
        """An encoding that is ready after its content was removed is not kept."""
        with self.store._writing.begin() as connection:
            queries.put_encoded(connection, "ab" * 32, "gzip", b"late")
        self.assertEqual(self.kept_encodings(), [])

    def test_an_encoding_that_cannot_be_kept(self):
        """An encoding is given even if there is no room to keep it, which is logged."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), SCRIPT))
        with self.store._writing.begin() as connection:
            connection.exec_driver_sql("DROP TABLE file_encodings")
            connection.exec_driver_sql(
                "CREATE TABLE file_encodings (sha256, encoding, content CHECK (0))"
            )
        with capturedLogs() as logs:
            made = self.encoded(app)
        self.assertEqual(decoded("gzip", made["gzip"]), SCRIPT_TEXT)
        (first, _) = logs
        self.assertIn("cannot keep file a.js as zstd", first["error"])

    def test_says_what_is_damaged(self):
        """A content that is not what was stored is refused, not served."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        with self.store._writing.begin() as connection:
            connection.execute(contents.update().values(content=b"\0"))
        files = self.successResultOf(self.store.files(app.id, 1))
        for name in FILES.refs:
            self.failureResultOf(files.read(name), StoreError)
            self.failureResultOf(files.copy(name, IDENTITY, BytesIO()), StoreError)

    def test_files_of_a_removed_app_are_refused(self):
        """Files read after their app was removed fail as such."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        files = self.successResultOf(self.store.files(app.id, 1))
        self.commit(RemoveApp(app))
        failure = self.failureResultOf(files.read("app.star"), StoreError)
        self.assertIn("not stored any more", failure.value.message)

    def test_contents_removed_meanwhile_are_missed(self):
        """Files counted on as stored, and removed before the commit, are not lost silently."""
        app, other = self.added(production("/a")), self.added(production("/b"))
        self.commit(AddVersion(app.id, version(1), FILES))

        async def late(work):
            self.store._write = at_once
            self.commit(RemoveApp(app))
            return work()

        self.store._write = late
        adding = self.store.commit((AddVersion(other.id, version(1), FILES),))
        self.failureResultOf(adding, ChangedMeanwhile)
        self.commit(AddVersion(other.id, version(1), FILES))
        self.assertEqual(set(self.contents(other.id, 1)), set(FILES.refs))

    def test_contents_stored_meanwhile_are_no_conflict(self):
        """Files that another commit stored first are stored once."""
        app, other = self.added(production("/a")), self.added(production("/b"))

        async def late(work):
            self.store._write = at_once
            self.commit(AddVersion(app.id, version(1), FILES))
            return work()

        self.store._write = late
        self.commit(AddVersion(other.id, version(1), FILES))
        self.assertEqual(self.stored_contents(), len(FILES.refs))

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


LATE = StoreCommit((AddApp(production("/b")),), {}, {}, CREATED)


class OpenStoreTests(TestCase):
    """A store with its threads, as the server has it."""

    def setUp(self):
        self.path = Path(self.mktemp()).absolute() / "metadata" / "apps.db"

    def opened(self):
        store = open_store(f"sqlite:{self.path}", UpgradeOptions(), reactor)
        store.startService()
        return store

    async def test_outlives_a_restart(self):
        """A commit under way is finished by stopping, and found after the next start."""
        store = self.opened()
        app = production("/a")
        changes = (AddApp(app), AddVersion(app.id, version(1), FILES))
        await store.commit(changes)
        late = Deferred.fromCoroutine(store._write(partial(store._make, LATE, keep=True)))
        await store.stopService()
        await late
        self.assertEqual([file.name for file in self.path.parent.iterdir()], ["apps.db"])
        store = self.opened()
        self.assertEqual(len(await store.apps()), 2)
        files = await store.files(app.id, 1)
        for name in FILES.refs:
            self.assertEqual(await files.read(name), await FILES.read(name))
        await store.stopService()

    async def test_reads_and_writes_at_once(self):
        """Commits that come together are done one after the other; readers see whole ones."""
        store = self.opened()
        self.addCleanup(store.stopService)
        commits = [
            Deferred.fromCoroutine(
                store.commit((AddApp(production(f"/{n}")), AddApp(twin_of(production(f"/{n}")))))
            )
            for n in range(10)
        ]
        reads = [Deferred.fromCoroutine(store.apps()) for _ in range(10)]
        await gatherResults(commits)
        for apps in await gatherResults(reads):
            self.assertEqual(len(apps) % 2, 0)
        self.assertEqual(len(await store.apps()), 20)

    async def test_of_commits_at_the_same_path_one_wins(self):
        """The check for a free path and the adding are one."""
        store = self.opened()
        self.addCleanup(store.stopService)
        commits = [
            Deferred.fromCoroutine(store.commit((AddApp(production("/a", id=f"app_prd_{n}")),)))
            for n in range(5)
        ]
        results = await DeferredList(commits, consumeErrors=True)
        self.assertEqual(sorted(success for success, _ in results), [False] * 4 + [True])
        for success, failure in results:
            self.assertTrue(success or failure.check(AppExists))
