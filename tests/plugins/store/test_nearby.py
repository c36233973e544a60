"""Work in the reactor's own thread."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.nearby import ShortQueries
from tests.support.documents import StoreHouse, doc_type, field, schema, sqlite_url
from tests.support.threads import at_once

TEXTS = schema(doc_type("thing", field("t", "STRING", "")))


class NearbyTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.blocks = Clock(), 0
        self.nearby = ShortQueries(self.clock, lambda: self.blocks)

    def work(self, seconds, blocks):
        self.clock.advance(seconds)
        self.blocks += blocks

    def test_slow_disk(self):
        """After a disk that took longer than a millisecond, threads do the work for a second."""
        for seconds, blocks, is_open in ((0.0009, 1, True), (1, 0, True), (0.0011, 1, False)):
            self.nearby.run(lambda: self.work(1, 0))
            self.nearby.run(lambda seconds=seconds, blocks=blocks: self.work(seconds, blocks))
            self.assertEqual(self.nearby.is_open, is_open)
        self.clock.advance(0.99)
        self.assertFalse(self.nearby.is_open)
        self.clock.advance(0.02)
        self.assertTrue(self.nearby.is_open)

    def test_slow_failure(self):
        """So they do after work that failed slowly."""

        def fail():
            self.work(1, 1)
            raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, self.nearby.run, fail)
        self.assertFalse(self.nearby.is_open)


class GlanceTests(SynchronousTestCase):
    """Entries that are found by their ids."""

    def setUp(self):
        self.in_threads = 0
        self.store = StoreHouse(sqlite_url(self.mktemp()), in_thread=self.in_thread)
        self.addCleanup(self.store.database.close)
        self.request = self.store.begin(declared=TEXTS)
        for text in ("small", "x" * 100_000):
            self.value("insert", "thing", {"t": text})
        self.value("select_by_id", "thing", 1)
        self.in_threads = 0

    async def in_thread(self, work):
        self.in_threads += 1
        return await at_once(work)

    def value(self, *call):
        return self.successResultOf(self.request.value(*call))

    def error(self, *call):
        return self.successResultOf(self.request.error(*call))

    def test_small(self):
        """A small entry wakes no thread, nor does it that there is none; it is what is stored."""
        self.assertEqual(self.value("select_by_id", "thing", 1)["t"], "small")
        self.assertIn("not found", self.error("select_by_id", "thing", 9))
        self.assertEqual(self.in_threads, 0)
        self.value("update", "thing", {**self.value("select_by_id", "thing", 1), "t": "new"})
        self.assertEqual(self.value("select_by_id", "thing", 1)["t"], "new")

    def test_large(self):
        """A large entry is read by a thread."""
        self.assertEqual(len(self.value("select_by_id", "thing", 2)["t"]), 100_000)
        self.assertEqual(self.in_threads, 1)

    def test_in_a_transaction(self):
        """Small entries of an open transaction wake no thread, and see what it did."""
        self.value("begin")
        before = self.in_threads
        number = self.value("insert", "thing", {"t": "mine"})
        self.assertEqual(self.value("select_by_id", "thing", number)["t"], "mine")
        self.assertEqual(self.in_threads, before)
        other = self.store.begin(declared=TEXTS)
        self.assertIn("not found", self.successResultOf(other.error("select_by_id", "thing", 3)))
        self.value("insert", "thing", {"t": "x" * 100_000})
        self.assertGreater(self.in_threads, before)
        self.value("rollback")
        self.assertIn("not found", self.error("select_by_id", "thing", number))
