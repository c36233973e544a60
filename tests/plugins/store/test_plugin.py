"""The functions of ``store.in``, in both kinds of database."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from clace.plugins.builtin.store.statements import StoreConnection
from tests.support.document_contract import IMPATIENT, StoreContract
from tests.support.documents import THING, StoreHouse, sqlite_url, store_app
from tests.support.postgres import fresh, postgres


class DatabaseCase(StoreContract, SynchronousTestCase):
    """What the tests need to know of the database."""

    def make_house(self, url, **options):
        house = StoreHouse(url, **options)
        self.addCleanup(house.engines.dispose)
        return house

    def fill_turns(self):
        for number in range(self.store.engines.writers):
            other = store_app(f"app_prd_other{number}")
            request = self.store.begin(other)
            self.value("begin", request=request)
            # One that has written much keeps its turn, which others of SQLite can have otherwise.
            for _ in range(5 if self.store.engines.near else 0):
                entry = {"u": None, "l": ["a" * 900_000]}
                self.value("insert", "thing", entry, request=request)

    def waited(self, *call):
        work = Deferred.fromCoroutine(self.request.error(*call))
        self.assertNoResult(work)
        self.store.clock.advance(IMPATIENT.wait_seconds)
        return self.successResultOf(work)

    def plan(self, explain, condition, sort):
        """How the database goes about a query, in its own words."""
        asked = []

        class Asking(StoreConnection):
            def _run(self, statement, values):
                asked.append((statement.text, statement.filled(values)))
                return super()._run(statement, values)

        engine, links = self.store.engines.reading, self.store.engines.read_links
        links.close()
        links.make_link = Asking
        self.select(condition, sort=sort)
        links.close()
        links.make_link = StoreConnection
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET enable_seqscan = off")
            statement, values = next(one for one in asked if one[0].startswith("SELECT"))
            given = tuple(values) if isinstance(values, list) else values
            return str(connection.exec_driver_sql(f"{explain} {statement}", given).all())


class SQLiteStoreTests(DatabaseCase):
    def house(self, **options):
        return self.make_house(sqlite_url(self.mktemp()), **options)

    def uses_index(self, _declared, condition, sort):
        return "USING INDEX" in self.plan("EXPLAIN QUERY PLAN", condition, sort)


class PostgresStoreTests(DatabaseCase):
    def house(self, **options):
        url, reason = postgres()
        if not url:
            raise SkipTest(reason)
        fresh(url)
        return self.make_house(url, **options)

    def uses_index(self, _declared, condition, sort):
        plan = self.plan("EXPLAIN", condition, sort)
        return "Index Cond" in plan if condition else "Index Scan" in plan

    def test_newest_first(self):
        """The key is used for the order of ids, in both directions."""
        for sort in ([], ["_id"], ["_id:desc"]):
            self.assertTrue(self.uses_index(THING, {}, sort), sort)


del DatabaseCase
