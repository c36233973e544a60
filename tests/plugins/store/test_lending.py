"""Transactions that are set aside for others who write."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.engines import DatabaseLimits
from clace.plugins.builtin.store.tables import collection
from tests.support.documents import THING, StoreHouse, prepared, sqlite_url, store_app

SOON = 0.006


class LendingTests(SynchronousTestCase):
    def setUp(self):
        self.store = StoreHouse(sqlite_url(self.mktemp()))
        self.addCleanup(self.store.database.close)
        self.request = self.store.begin()
        self.other = self.store.begin(store_app("app_prd_2"))
        self.written = 0
        for request in (self.request, self.other):
            self.value("insert", "thing", {"u": None}, request=request)

    def value(self, *call, request=None):
        return self.successResultOf((request or self.request).value(*call))

    def error(self, *call):
        return self.successResultOf(self.request.error(*call))

    def count(self, request):
        return self.value("count", "thing", {}, request=request)

    def insert(self, **fields):
        return self.value("insert", "thing", {"u": None, **fields})

    def other_writes(self):
        """Another app writes, for which it waits some milliseconds at most."""
        writing = Deferred.fromCoroutine(self.other.value("insert", "thing", {"u": None}))
        self.store.clock.advance(SOON)
        return self.successResultOf(writing)

    def test_goes_on(self):
        """A transaction goes on with what it had written, and nobody saw it meanwhile."""
        self.value("begin")
        numbers = [self.insert(n=number) for number in range(3)]
        self.value("update", "thing", {**self.value("select_by_id", "thing", 2), "t": "new"})
        self.value("delete", "thing", {"n": 1})
        self.other_writes()
        self.assertEqual(self.count(self.store.begin()), 1)
        self.assertEqual(self.value("select_by_id", "thing", 2)["t"], "new")
        self.assertEqual(self.insert(), numbers[-1] + 1)
        self.other_writes()
        self.other_writes()
        self.value("commit")
        ids = [one["_id"] for one in self.successResultOf(self.store.begin().select("thing", {}))]
        self.assertEqual((ids, self.count(self.other)), ([1, 2, 4, 5], 4))

    def test_first_some_time(self):
        """A transaction has its turn for some milliseconds before others get it."""
        self.value("begin")
        writing = Deferred.fromCoroutine(self.other.value("insert", "thing", {"u": None}))
        self.insert()
        self.store.clock.advance(0.004)
        self.assertNoResult(writing)
        self.store.clock.advance(0.002)
        self.successResultOf(writing)
        self.value("rollback")

    def test_own_app_waits(self):
        """Other requests of the app wait until its transaction has ended, set aside or not."""
        self.value("begin")
        self.insert()
        waiting = Deferred.fromCoroutine(self.store.begin().value("insert", "thing", {"u": None}))
        self.other_writes()
        self.assertNoResult(waiting)
        self.value("commit")
        self.assertEqual(self.successResultOf(waiting), 3)

    def test_ends_aside(self):
        """A transaction that is rolled back, or whose request ends, leaves nothing behind."""
        for end in ("rollback", "end"):
            self.value("begin")
            self.insert()
            self.other_writes()
            if end == "end":
                self.successResultOf(self.request.end())
                self.request = self.store.begin()
            else:
                self.value(end)
            self.assertEqual(self.count(self.request), 1)
            self.insert()
            self.value("delete_by_id", "thing", 2 if end == "rollback" else 3)
        self.assertEqual(len(self.store.clock.getDelayedCalls()), 0)

    def test_failures_are_not_repeated(self):
        """What failed in the transaction is not done when it goes on."""
        self.value("begin")
        self.value("insert", "thing", {"u": "same"})
        self.assertIn("UNIQUE", self.error("insert", "thing", {"u": "same"}))
        self.value("delete_by_id", "thing", 2)
        self.other_writes()
        self.assertIn("not found", self.error("select_by_id", "thing", 2))
        self.insert()
        self.value("commit")
        self.assertEqual(self.count(self.request), 2)

    def test_changed_by_somebody_else(self):
        """If an operator has changed the table meanwhile, the transaction says so and is over."""
        self.value("begin")
        self.value("delete", "thing", {})
        writing = Deferred.fromCoroutine(self.other.value("insert", "thing", {"u": None}))
        self.store.clock.advance(SOON)
        self.successResultOf(writing)
        table = collection("app_prd_1", THING.types[0], self.store.database.words.column_type)
        with self.store.engines.write_links.transaction() as link:
            link.change(prepared(link, f"DELETE FROM {table.table.name}"))
        for call in (("insert", "thing", {"u": None}), ("commit",)):
            self.assertIn("somebody else changed what it had read", self.error(*call))
        self.assertEqual(self.insert(), 2)

    def test_expires_aside(self):
        """A transaction that was set aside is over when its time is up."""
        self.value("begin")
        self.insert()
        self.other_writes()
        self.store.clock.advance(DatabaseLimits().transaction_seconds)
        self.assertIn("was open for more than 10 seconds", self.error("insert", "thing", {"u": ""}))
        self.value("rollback")
        self.assertEqual(self.insert(), 2)

    def test_much(self):
        """A transaction that has written much keeps its turn: to do it again would take long."""
        self.value("begin")
        for _ in range(5):
            self.insert(l=["a" * 900_000])
        writing = Deferred.fromCoroutine(self.other.value("insert", "thing", {"u": None}))
        self.store.clock.advance(1)
        self.assertNoResult(writing)
        self.value("commit")
        self.successResultOf(writing)

    def test_two(self):
        """Two apps with transactions both come to their ends, call by call."""
        self.value("begin")
        other = Deferred.fromCoroutine(self.other.value("begin"))
        self.insert()
        self.store.clock.advance(SOON)
        self.successResultOf(other)
        for _ in range(3):
            for request in (self.request, self.other):
                work = Deferred.fromCoroutine(request.value("insert", "thing", {"u": None}))
                self.store.clock.advance(SOON)
                self.successResultOf(work)
        for request in (self.request, self.other):
            work = Deferred.fromCoroutine(request.value("commit"))
            self.store.clock.advance(SOON)
            self.successResultOf(work)
        self.assertEqual((self.count(self.request), self.count(self.other)), (5, 4))
