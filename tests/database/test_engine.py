from pathlib import Path

from sqlalchemy import text
from twisted.trial.unittest import SynchronousTestCase

from clace.database.engine import reading_engine, transaction, writing_engine
from clace.errors import NoSuchApp, StoreError


class EngineTests(SynchronousTestCase):
    """Connections as this server wants them."""

    def setUp(self):
        self.path = Path(self.mktemp())
        self.writing, self.reading = writing_engine(self.path), reading_engine(self.path, 1)
        self.addCleanup(self.writing.dispose)
        self.addCleanup(self.reading.dispose)
        with transaction(self.writing, "make") as connection:
            connection.execute(text("create table t (n integer primary key)"))

    def numbers(self):
        with transaction(self.reading, "read") as connection:
            return list(connection.scalars(text("select n from t order by n")))

    def put(self, connection, number):
        connection.execute(text("insert into t values (:n)"), {"n": number})

    def pragma(self, engine, name):
        with engine.connect() as connection:
            return connection.scalar(text(f"pragma {name}"))

    def test_sets_the_database_up(self):
        """Writing goes through a log, references are kept, and a busy database is waited for."""
        self.assertEqual(self.pragma(self.writing, "journal_mode"), "wal")
        self.assertEqual(self.pragma(self.writing, "synchronous"), 1)
        for engine in (self.writing, self.reading):
            self.assertEqual(self.pragma(engine, "foreign_keys"), 1)
            self.assertEqual(self.pragma(engine, "busy_timeout"), 10_000)

    def test_keeps_all_or_nothing(self):
        """An error takes back all of a transaction, tables too, and goes on to who asked."""

        def fail():
            with transaction(self.writing, "write") as connection:
                self.put(connection, 1)
                connection.execute(text("create table u (n integer)"))
                raise NoSuchApp("x")

        self.assertRaises(NoSuchApp, fail)
        self.assertEqual(self.numbers(), [])
        with transaction(self.writing, "write") as connection:
            connection.execute(text("create table u (n integer)"))
            self.put(connection, 2)
        self.assertEqual(self.numbers(), [2])

    def test_keeps_nothing_if_not_asked_to(self):
        """A transaction that is only tried leaves nothing."""
        with transaction(self.writing, "try", keep=False) as connection:
            self.put(connection, 1)
        self.assertEqual(self.numbers(), [])

    def test_names_the_purpose_of_what_fails(self):
        """A failure says what for and why, and shows neither statement nor values."""

        def fail():
            with transaction(self.writing, "count sheep") as connection:
                self.put(connection, 77)
                self.put(connection, 77)

        error = self.assertRaises(StoreError, fail)
        self.assertEqual(error.message, "cannot count sheep: UNIQUE constraint failed: t.n")

    def test_readers_cannot_write(self):
        """A connection for reading refuses to write."""

        def write():
            with transaction(self.reading, "write") as connection:
                self.put(connection, 1)

        self.assertRaises(StoreError, write)

    def test_readers_see_one_state(self):
        """What is committed meanwhile is not seen within a transaction, nor waited for."""
        with transaction(self.reading, "read") as connection:
            count = text("select count(*) from t")
            before = connection.scalar(count)
            with transaction(self.writing, "write") as other:
                self.put(other, 1)
            self.assertEqual(connection.scalar(count), before)
        self.assertEqual(self.numbers(), [1])

    def test_a_file_that_is_no_database_is_refused(self):
        """Bytes that are no database are a refusal."""
        self.writing.dispose()
        junk = Path(self.mktemp())
        junk.write_bytes(b"no database at all, but long enough" * 100)
        engine = writing_engine(junk)
        self.addCleanup(engine.dispose)

        def look():
            with transaction(engine, "look") as connection:
                connection.execute(text("select 1 from sqlite_master"))

        error = self.assertRaises(StoreError, look)
        self.assertIn("file is not a database", error.message)
