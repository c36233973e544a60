import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine, make_url
from twisted.trial.unittest import SynchronousTestCase

from clace.backups.databases import Snapshots, dump_postgres, put_sealed, take_out_sealed
from clace.errors import StoreError
from tests.support.postgres import fresh, postgres

TABLES = """
CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE user_factors (id TEXT, user_id TEXT, sealed BLOB);
CREATE TABLE sessions (digest BLOB, sealed BLOB);
CREATE TABLE apps (id TEXT);
INSERT INTO secrets VALUES ('token', 'SEALED-TOKEN'), ('other', 'SEALED-OTHER');
INSERT INTO user_factors VALUES ('1', 'builtin:ann', 'SEALED-FACTOR'), ('2', 'builtin:bo', NULL);
INSERT INTO sessions VALUES ('DIGEST', 'SEALED-SESSION');
INSERT INTO apps VALUES ('app_prd_1');
"""


def rows(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


class DatabaseTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path = self.folder / "one.db"
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(TABLES)

    def copied(self):
        copy = self.folder / "copy.db"
        snapshots = Snapshots({"one": self.path})
        self.addCleanup(snapshots.close)
        snapshots.copy("one", copy)
        return copy

    def test_one_moment(self):
        """A copy has what was there when the snapshot began, whatever is written meanwhile."""
        snapshots = Snapshots({"one": self.path})
        self.addCleanup(snapshots.close)
        with closing(sqlite3.connect(self.path)) as writer, writer:
            writer.execute("INSERT INTO apps VALUES ('later')")
        copy = self.folder / "copy.db"
        snapshots.copy("one", copy)
        self.assertEqual(rows(copy, "SELECT id FROM apps"), [("app_prd_1",)])
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        self.assertEqual(len(rows(self.path, "SELECT id FROM apps")), 2)

    def test_takes_secrets_out(self):
        """Nothing sealed is left in the copy, not even in pages that are free, nor a session."""
        copy = self.copied()
        aside, told = take_out_sealed(copy)
        self.assertEqual(told, ("secrets: other", "secrets: token", "user_factors: builtin:ann"))
        self.assertNotIn(b"SEALED", copy.read_bytes())
        self.assertIn(b"SEALED-TOKEN", aside)
        self.assertNotIn(b"SEALED-SESSION", aside)
        self.assertEqual(rows(copy, "SELECT id FROM apps"), [("app_prd_1",)])
        self.assertEqual(rows(copy, "SELECT user_id FROM user_factors"), [("builtin:bo",)])

    def test_puts_secrets_back(self):
        """What was taken out is there again; sessions are not."""
        copy = self.copied()
        put_sealed(copy, take_out_sealed(copy)[0])
        for table in ("secrets", "user_factors", "apps"):
            query = f"SELECT * FROM {table} ORDER BY 1"
            self.assertEqual(rows(copy, query), rows(self.path, query), table)
        self.assertEqual(rows(copy, "SELECT * FROM sessions"), [])

    def test_no_database(self):
        """What is no database is refused, and rows that do not fit are."""
        broken = self.folder / "broken.db"
        broken.write_bytes(b"no database at all" * 100)
        self.assertRaises(StoreError, Snapshots, {"broken": broken})
        self.assertRaises(StoreError, put_sealed, self.path, b"nonsense")

    def test_damaged(self):
        """A database that is damaged is not copied as if it were whole."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(
                "PRAGMA journal_mode=DELETE; CREATE TABLE big (n); CREATE INDEX i ON big (n);"
                "INSERT INTO big WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                "WHERE n < 5000) SELECT hex(randomblob(40)) FROM c"
            )
        content = bytearray(self.path.read_bytes())
        content[-40_000:-20_000] = bytes(20_000)
        self.path.write_bytes(content)
        snapshots = Snapshots({"one": self.path})
        self.addCleanup(snapshots.close)
        self.assertRaises(StoreError, snapshots.copy, "one", self.folder / "copy.db")


class PostgresTests(SynchronousTestCase):
    def test_dump(self):
        """The tables of documents are dumped as SQL that PostgreSQL reads, others are not."""
        url, reason = postgres()
        if not url:
            self.skipTest(reason)
        fresh(url)
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        self.addCleanup(engine.dispose)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE store_usage (app_id text, bytes bigint)")
            connection.exec_driver_sql("INSERT INTO store_usage VALUES ('app_prd_1', 7)")
            connection.exec_driver_sql("CREATE TABLE others (n int)")
        target = Path(self.mktemp()).absolute()
        dump_postgres(url, target)
        text = target.read_text()
        self.assertIn("app_prd_1\t7", text)
        self.assertNotIn("others", text)
        self.assertEqual(target.stat().st_mode & 0o777, 0o600)

    def test_unreachable(self):
        """A database that does not answer is an error in the words of pg_dump, without password."""
        error = self.assertRaises(
            StoreError,
            dump_postgres,
            "postgresql://u:hunter2@127.0.0.1:1/x",
            Path(self.mktemp()).absolute(),
        )
        self.assertIn("pg_dump failed", error.message)
        self.assertNotIn("hunter2", error.message)
