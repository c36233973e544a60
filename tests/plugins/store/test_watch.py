"""Statements of SQLite that run for too long."""

from pathlib import Path

from sqlalchemy.exc import OperationalError
from twisted.trial.unittest import SynchronousTestCase

from clace.database.engine import writing_engine
from clace.plugins.builtin.store.watch import StatementWatch

COUNT = (
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE {}) SELECT max(x) FROM c"
)


class WatchTests(SynchronousTestCase):
    def run_under(self, watch):
        """Have the watch look while a statement runs."""
        engine = writing_engine(Path(self.mktemp()))
        self.addCleanup(engine.dispose)
        watch.observe(engine)
        with engine.begin() as connection:
            driver_connection = connection.connection.dbapi_connection
            driver_connection.create_function("look", 0, watch.interrupt_late)
            return connection.exec_driver_sql(COUNT.format("x < 3 AND look() IS NULL")).scalar()

    def test_late(self):
        """What runs too long is interrupted."""
        with self.assertRaisesRegex(OperationalError, "interrupted"):
            self.run_under(StatementWatch(0))

    def test_in_time(self):
        """What has time left goes on."""
        self.assertEqual(self.run_under(StatementWatch(60)), 3)

    def test_idle(self):
        """Nothing happens if nothing runs."""
        watch = StatementWatch(0)
        with self.assertRaises(OperationalError):
            self.run_under(watch)
        watch.interrupt_late()
