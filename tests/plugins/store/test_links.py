"""Several writes in one transaction."""

from itertools import count

from sqlalchemy.exc import DBAPIError
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.engines import DatabaseLimits, open_engines
from clace.plugins.builtin.store.links import NotRun, written
from clace.plugins.kit.definition import CallFailed
from tests.support.documents import prepared, rows, sqlite_url


class WrittenTests(SynchronousTestCase):
    def setUp(self):
        self.engines = open_engines(sqlite_url(self.mktemp()), DatabaseLimits(query_seconds=0))
        self.addCleanup(self.engines.dispose)
        self.links = self.engines.write_links
        made = "CREATE TABLE t (n INTEGER PRIMARY KEY)"
        self.write(lambda link: link.change(prepared(link, made)))
        self.began = 0
        self.links.make_link = self.make_link

    def make_link(self, pooled, *options):
        """A connection that counts its transactions, and has a function that is interrupted."""
        link = type(self.links).make_link(pooled, *options)
        pooled.driver_connection.create_function("late", 0, self.engines.interrupt_late)
        pooled.driver_connection.set_trace_callback(self.traced)
        return link

    def traced(self, statement):
        self.began += statement.startswith("BEGIN")

    def write(self, *works, clock=lambda: 0):
        return written(self.links, works, clock)

    def insert(self, number, then=None):
        def work(link):
            link.change(prepared(link, f"INSERT INTO t VALUES ({number})"))
            if then is not None:
                raise then
            return number

        return work

    def kept(self):
        with self.engines.read_links.transaction() as link:
            return [number for (number,) in rows(link, "SELECT n FROM t ORDER BY n")]

    def test_together(self):
        """Works that come together are kept by one commit, each with its own result."""
        self.links.close()
        self.assertEqual(self.write(*map(self.insert, (1, 2, 3))), [1, 2, 3])
        self.assertEqual((self.kept(), self.began), ([1, 2, 3], 1))

    def test_failures(self):
        """Work that fails, by itself or by the database, leaves no trace and harms no other."""
        works = (
            self.insert(1),
            self.insert(2, CallFailed("no")),
            self.insert(1),
            self.insert(3),
        )
        first, refused, twice, last = self.write(*works)
        self.assertEqual((first, last, self.kept()), (1, 3, [1, 3]))
        self.assertIsInstance(refused.value, CallFailed)
        self.assertIn("UNIQUE", str(twice.value.orig))

    def test_alone(self):
        """Work that fails alone leaves no trace, and the connection usable."""
        (failed,) = self.write(self.insert(1, CallFailed("no")))
        self.assertIsInstance(failed, Failure)
        self.assertEqual((self.write(self.insert(1)), self.kept()), ([1], [1]))

    def test_given_up(self):
        """If the database gives up the whole transaction, the others are left to be run again."""
        self.links.close()

        def late(link):
            return link.change(prepared(link, "DELETE FROM t WHERE late() IS NULL"))

        self.write(self.insert(1))
        before, interrupted, after = self.write(self.insert(2), late, self.insert(3))
        self.assertEqual((before, after), (NotRun, NotRun))
        self.assertIsInstance(interrupted.value, DBAPIError)
        self.assertEqual(self.kept(), [1])

    def test_slow(self):
        """Work does not wait for all others: after some milliseconds there is a commit."""
        times = count(step=0.004)
        works = map(self.insert, (1, 2, 3, 4))
        self.assertEqual(self.write(*works, clock=lambda: next(times)), [1, 2, NotRun, NotRun])
        self.assertEqual(self.kept(), [1, 2])
