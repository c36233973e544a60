"""Transactions that stay open from call to call."""

from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.engines import DatabaseLimits
from clace.plugins.builtin.store.quotas import USAGE
from clace.plugins.kit.definition import CallFailed
from tests.support.documents import StoreHouse, prepared, sqlite_url


class LostTests(SynchronousTestCase):
    def setUp(self):
        self.store = StoreHouse(sqlite_url(self.mktemp()), limits=DatabaseLimits(query_seconds=0))
        self.addCleanup(self.store.engines.dispose)
        event.listen(self.store.engines.writing, "connect", self.connected)
        self.successResultOf(self.store.begin().value("count", "thing", {}))
        self.transaction = self.successResultOf(self.store.database.transaction("app"))
        self.successResultOf(self.transaction.open())

    def connected(self, connection, _record):
        connection.create_function("late", 0, self.store.engines.interrupt_late)

    def write(self, statement):
        return self.transaction.write(lambda link: link.change(prepared(link, statement)))

    def owners(self):
        with self.store.engines.reading.begin() as connection:
            return connection.scalars(select(USAGE.c.app_id)).all()

    def test_interrupted(self):
        """A transaction that SQLite gave up takes no more, and nothing of it is kept."""
        insert = "INSERT INTO store_usage VALUES ('a', 0)"
        self.successResultOf(self.write(insert))
        slow = self.write("DELETE FROM store_usage WHERE late() IS NULL")
        said = self.failureResultOf(slow, DBAPIError).getErrorMessage()
        self.assertIn("interrupted", said)
        for late in (self.write(insert), self.transaction.commit()):
            error = self.failureResultOf(late, CallFailed).value
            self.assertIn("was rolled back when a call in it failed", error.message)
        self.successResultOf(self.transaction.close())
        self.assertEqual(self.owners(), ["app_prd_1"])
        self.successResultOf(self.store.begin().value("insert", "thing", {"u": None}))
