"""Who writes when, and what becomes of work that nobody waits for any more."""

from collections import deque

from sqlalchemy.exc import DBAPIError
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from clace.errors import PluginRefused
from clace.plugins.builtin.store.database import open_database
from clace.plugins.builtin.store.engines import DatabaseLimits
from clace.plugins.builtin.store.failures import failed
from tests.support.documents import StoreHouse, rows, sqlite_url, store_app
from tests.support.postgres import postgres

EMPTY = {"u": None}
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"


class SlowThreads:
    """Does work only when told; each piece once."""

    def __init__(self):
        self.waiting = deque()
        self.slow = False

    async def __call__(self, work):
        if self.slow:
            await self.turn()
        return work()

    def turn(self):
        waiting = Deferred(lambda _: None)  # work in a thread cannot be stopped
        self.waiting.append(waiting)
        return waiting

    def work(self):
        while self.waiting:
            self.waiting.popleft().callback(None)


class TurnTests(SynchronousTestCase):
    def setUp(self):
        self.threads = SlowThreads()
        self.store = StoreHouse(sqlite_url(self.mktemp()), in_thread=self.threads)
        self.addCleanup(self.store.engines.dispose)
        self.request = self.store.begin()
        self.value(self.request.value("insert", "thing", EMPTY))

    value = SynchronousTestCase.successResultOf

    def later(self, coroutine):
        return Deferred.fromCoroutine(coroutine)

    def assert_writable(self):
        self.value(self.store.begin().value("insert", "thing", EMPTY))

    def test_in_turn(self):
        """Writers wait for a transaction to end, and go on in the order in which they came."""
        first, second = self.store.begin(), self.store.begin()
        self.value(self.request.value("begin"))
        waiting = [self.later(one.value("insert", "thing", EMPTY)) for one in (first, second)]
        self.assertNoResult(waiting[0])
        self.assertEqual(self.value(first.value("count", "thing", {})), 1)
        self.value(self.request.value("commit"))
        self.assertEqual([self.value(one) for one in waiting], [2, 3])

    def test_gone_while_waiting(self):
        """A request that ends while it waits for its turn does nothing, and nobody waits for it."""
        for function in ("begin", "insert"):
            self.value(self.request.value("begin"))
            other = self.store.begin()
            arguments = ("thing", EMPTY) if function == "insert" else ()
            waiting = self.later(other.value(function, *arguments))
            self.value(other.end())
            self.failureResultOf(waiting, PluginRefused)
            self.value(self.request.value("rollback"))
        self.assert_writable()
        self.assertEqual(self.value(self.request.value("count", "thing", {})), 2)

    def test_gone_while_writing(self):
        """What a request began to write is written when it ends, and only then others may write."""
        self.threads.slow = True
        writing = self.later(self.request.value("insert", "thing", EMPTY))
        self.value(self.request.end())
        self.failureResultOf(writing, PluginRefused)
        other = self.later(self.store.begin().value("insert", "thing", EMPTY))
        self.assertEqual(len(self.threads.waiting), 1)
        self.threads.work()
        self.assertEqual(self.value(other), 3)

    def test_gone_while_beginning(self):
        """A transaction that opens for nobody is closed."""
        self.threads.slow = True
        beginning = self.later(self.request.value("begin"))
        ending = self.later(self.request.end())
        self.threads.work()
        self.failureResultOf(beginning, PluginRefused)
        self.assertEqual(self.value(ending), ())
        self.threads.slow = False
        self.assert_writable()

    def test_gone_in_a_transaction(self):
        """What is being done in a transaction is done before it is rolled back."""
        self.value(self.request.value("begin"))
        self.threads.slow = True
        writing = self.later(self.request.value("delete", "thing", {}))
        ending = self.later(self.request.end())
        self.assertNoResult(ending)
        self.threads.work()
        self.failureResultOf(writing, PluginRefused)
        self.assertEqual(self.value(ending), ())
        self.threads.slow = False
        self.assertEqual(self.value(self.store.begin().value("count", "thing", {})), 1)
        self.assert_writable()

    def test_at_once(self):
        """A host that was taken over cannot open two transactions in one request."""
        self.threads.slow = True
        beginning = [self.later(self.request.error("begin")) for _ in range(3)]
        self.threads.work()
        errors = [self.value(one) for one in beginning]
        self.assertEqual(sorted(errors), ["", *["transaction already active"] * 2])

    def test_reading_in_turn(self):
        """Whoever reads much leaves connections for the others to read on."""
        self.threads.slow = True
        busy = [self.later(self.store.begin().value("count", "thing", {})) for _ in range(9)]
        other = self.store.begin(store_app("app_prd_2"))
        self.threads.slow = False
        self.assertEqual(self.value(other.value("count", "thing", {})), 0)
        for one in busy:
            self.assertNoResult(one)
        self.threads.work()
        self.assertEqual([self.value(one) for one in busy], [1] * 9)

    def test_cancelled_turn(self):
        """Who gives up waiting leaves the queue."""
        self.value(self.request.value("begin"))
        waiting = self.later(self.store.database.write("app", lambda link: None))
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.value(self.request.value("commit"))
        self.assert_writable()


class ThreadTests(TestCase):
    def database(self, url, **limits):
        database = open_database(url, reactor, DatabaseLimits(**limits))
        database.startService()
        self.addCleanup(database.stopService)
        return database

    async def test_threads(self):
        """In real threads many write and read at once, and the reactor does not wait for them."""
        database = self.database(sqlite_url(self.mktemp()))

        def slow(link):
            count = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 300000)"
            return rows(link, f"{count} SELECT count(*) FROM c")[0][0]

        work = [
            Deferred.fromCoroutine(do(app, slow))
            for do in (database.read, database.write)
            for app in "ab"
        ]
        done = gatherResults(work)
        ticks = 0
        while not done.called:
            await deferLater(reactor, 0.001)
            ticks += 1
        self.assertGreater(ticks, 5)
        self.assertEqual(await done, [300000] * 4)

    async def check_endless(self, url):
        """A query that takes too long is ended, and the connection can be used again."""
        database = self.database(url, query_seconds=0.1)
        for do in (database.read, database.write):
            with self.assertRaises(DBAPIError) as caught:
                await do("app", lambda link: rows(link, ENDLESS))
            self.assertIn("took too long", failed(caught.exception).message)
            found = await do("app", lambda link: rows(link, "SELECT 1"))
            self.assertEqual(found, [(1,)])

    def test_endless(self):
        """SQLite works on a query for so long only."""
        return Deferred.fromCoroutine(self.check_endless(sqlite_url(self.mktemp())))

    def test_endless_postgres(self):
        """So does PostgreSQL."""
        url, reason = postgres()
        if not url:
            raise SkipTest(reason)
        return Deferred.fromCoroutine(self.check_endless(url))
