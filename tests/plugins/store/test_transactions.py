"""Transactions that stay open from call to call."""

from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError, OperationalError
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.engines import DatabaseLimits
from clace.plugins.builtin.store.quotas import USAGE
from clace.plugins.builtin.store.transactions import shielded
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


class ShieldedTests(SynchronousTestCase):
    def left(self, error):
        """The log of work that fails so when its request has ended."""
        work = Deferred()

        async def working():
            await work

        waiter = shielded(working())
        waiter.cancel()
        self.failureResultOf(waiter, CancelledError)
        with capturedLogs() as events:
            work.errback(error)
        return [event["log_format"].format(**event) for event in events]

    def test_late_failure(self):
        """A failure of the database that nobody waits for is logged, without the app's values."""
        error = OperationalError("INSERT", ("hunter2",), Exception("disk full"))
        (line,) = self.left(error)
        self.assertTrue(line.endswith("after its request had ended: disk full"), line)

    def test_late_refusal(self):
        """An error of the app's own call that nobody waits for is not logged."""
        self.assertEqual(self.left(CallFailed("no such table")), [])
