"""Tables that are made when they are first asked for."""

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import SkipTest, TestCase

from clace.interfaces import Caller
from clace.plugins.builtin.store.database import open_database
from clace.plugins.builtin.store.shelves import AppTables
from tests.support.documents import THING, sqlite_url, store_app
from tests.support.postgres import fresh, postgres


class FirstCallTests(TestCase):
    """In real threads, where two make the same table at once unless they are kept from it."""

    async def check(self, url):
        database = open_database(url, reactor)
        database.startService()
        self.addCleanup(database.stopService)
        accounts = [AppTables(database, share_with_staging=False, max_mb=1) for _ in range(2)]
        apps = [store_app(f"app_prd_{number}") for number in (1, 1, 2, 2, 3)]
        callers = [Caller(app=app, user_id="ann", schema=THING) for app in apps]
        work = [
            Deferred.fromCoroutine(shelves.find(caller, "thing"))
            for shelves in accounts
            for caller in callers
        ]
        found = await gatherResults(work, consumeErrors=True)
        self.assertEqual(len({queries.entries.table.name for queries in found}), 3)

    async def test_sqlite(self):
        """Whoever comes first, by whichever account, each app has its tables."""
        await self.check(sqlite_url(self.mktemp()))

    async def test_postgres(self):
        """The same in PostgreSQL."""
        url, reason = postgres()
        if not url:
            raise SkipTest(reason)
        fresh(url)
        await self.check(url)
