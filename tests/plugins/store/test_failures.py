"""What apps and operators are told of a database that fails."""

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.dialects import SQLiteWords
from clace.plugins.builtin.store.failures import BUSY, failed
from clace.plugins.builtin.store.tables import collection
from tests.support.documents import THING

THINGS = collection("app", THING.types[0], SQLiteWords.column_type)
(UNIQUE,) = (name for name, index in THINGS.indexes.items() if index.unique)


def operational(said):
    return OperationalError("SELECT secret", {"password": "secret"}, Exception(said))


class FailureTests(SynchronousTestCase):
    def told(self, error):
        message = failed(error, THINGS).message
        self.assertNotIn("secret", message)
        return message

    def test_late(self):
        """A query that was interrupted took too long, in the words of either database."""
        for said in ("interrupted", "canceling statement due to statement timeout"):
            self.assertIn("took too long", self.told(operational(said)))

    def test_busy(self):
        """A lock that is not given means that others are writing."""
        for error in (
            operational("database is locked"),
            operational("canceling statement due to lock timeout"),
            PoolTimeout("QueuePool limit of size 4 overflow 0 reached"),
        ):
            self.assertEqual(self.told(error), BUSY)

    def test_not_unique(self):
        """A unique index is told by its type and fields, not by its name."""
        for said in (
            f"UNIQUE constraint failed: index '{UNIQUE}'",
            f'duplicate key value violates unique constraint "{UNIQUE}"\nDETAIL: secret',
        ):
            error = IntegrityError("INSERT", {}, Exception(said))
            self.assertEqual(
                self.told(error),
                "UNIQUE constraint failed: there is an entry in thing with this u",
            )

    def test_too_long(self):
        """What PostgreSQL cannot index is told as that."""
        said = "index row size 8256 exceeds btree version 4 maximum 2704"
        self.assertIn("too long for PostgreSQL", self.told(operational(said)))

    def test_others(self):
        """Anything else is told in one line, without the statement and its values."""
        said = "disk I/O error\nLINE 1: secret"
        self.assertEqual(self.told(operational(said)), "the store failed: disk I/O error")
        self.assertIn("64 bits", failed(OverflowError("secret")).message)
