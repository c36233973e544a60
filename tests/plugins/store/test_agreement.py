"""The store and its twin in memory, told the same things by a request, say the same."""

from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, inspect, select
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from clace.plugins.builtin.store.quotas import USAGE
from tests.support.documents import StoreHouse, Twin, sqlite_url, store_app
from tests.support.postgres import fresh, postgres

TEXTS = st.sampled_from(["", "a", "B", "b%", "a_b", "é", "10", "9", "\\", "ab"])
NUMBERS = st.sampled_from([0, 1, -1, 9, 10, 2**53 + 1, 2**63 - 1, -(2**63)])
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from([0.5, 1.0, -1e300]), TEXTS)
FIELDS = st.fixed_dictionaries(
    {
        "n": NUMBERS | st.none(),
        "t": TEXTS | st.none(),
        "b": st.booleans() | st.none(),
        "l": st.lists(SCALARS, max_size=2),
        "d": st.dictionaries(st.sampled_from(["x", "y", "0"]), SCALARS | st.just({"x": 1})),
        "u": st.sampled_from([None, None, "one", "two"]),
    }
)
PATTERNS = st.text("aBb%_é", max_size=4)
NAMES = ("n", "t", "b", "u", "d.x", "d.x.x", "d.0", "l")


def comparisons(name):
    """What one field can be asked."""
    ordered = st.tuples(st.sampled_from(["$gt", "$lt", "$gte", "$lte"]), NUMBERS | TEXTS)
    same = st.tuples(st.sampled_from(["$eq", "$ne"]), SCALARS)
    if name == "l":  # the JSON of a list is another in each database
        return st.sampled_from([("$eq", None), ("$ne", None), ("$eq", 1)])
    return st.one_of(ordered, same, st.tuples(st.just("$like"), PATTERNS))


def of_field(name):
    one = comparisons(name)
    either = st.lists(one.map(lambda pair: dict([pair])), min_size=1, max_size=2)
    asked = st.one_of(
        SCALARS if name != "l" else st.none(),
        st.dictionaries(st.just("$or") | st.just("$AND"), either, min_size=1, max_size=1),
        st.lists(one, min_size=1, max_size=2).map(dict),
    )
    return st.tuples(st.just(name), asked)


PLAIN = st.lists(
    st.one_of(
        *map(of_field, NAMES),
        st.tuples(st.just("_id"), st.dictionaries(st.just("$gt"), st.integers(0, 9), min_size=1)),
        st.tuples(st.just("_version"), st.integers(1, 3)),
    ),
    max_size=2,
).map(dict)
FILTERS = st.recursive(
    PLAIN,
    lambda inner: st.dictionaries(
        st.sampled_from(["$and", "$or", "$Or"]),
        st.lists(inner, min_size=1, max_size=2),
        min_size=1,
    ),
    max_leaves=4,
)
SORTS = st.lists(
    st.sampled_from(["n", "t", "b", "u", "n:desc", "t:desc", "_version:desc", "_updated_at"]),
    max_size=2,
    unique_by=lambda written: written.partition(":")[0],
)


def done(coroutine):
    """What comes of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


class Agreement(RuleBasedStateMachine):
    """One request that writes, with and without transactions, and others that look on."""

    def __init__(self):
        super().__init__()
        self.store = self.make_store()
        self.request = self.store.begin()
        self.twin = Twin()
        self.committed = None
        self.other = self.store.begin(store_app("app_prd_2"))
        self.others = 0

    def make_store(self):
        self.folder = TemporaryDirectory()
        return StoreHouse(sqlite_url(self.folder.name))

    def entries(self):
        return sorted(self.twin.entries)

    def is_taken(self, fields, but=0):
        others = (one for one in self.twin.entries.values() if one["_id"] != but)
        return fields["u"] is not None and fields["u"] in {one["u"] for one in others}

    @rule(fields=FIELDS, seconds=st.integers(0, 1))
    def insert(self, fields, seconds):
        self.store.clock.advance(seconds)
        answer = done(self.request.answer("insert", "thing", fields))
        if self.is_taken(fields):
            assert "UNIQUE" in answer.error
            return
        now = int(self.store.clock.seconds() * 1000)
        assert answer.value not in self.twin.entries
        made = {"_created_by": "ann", "_updated_by": "ann", "_created_at": now, "_updated_at": now}
        entry = {**made, **fields, "_id": answer.value, "_version": 1}
        self.twin.entries[answer.value] = entry

    @precondition(lambda self: self.twin.entries)
    @rule(data=st.data(), fields=FIELDS, stale=st.booleans())
    def update(self, data, fields, stale):
        entry = self.twin.entries[data.draw(st.sampled_from(self.entries()))]
        seen = {**entry, **fields, "_updated_at": entry["_updated_at"] - stale}
        answer = done(self.request.answer("update", "thing", seen))
        if stale:
            assert "concurrently updated" in answer.error
        elif self.is_taken(fields, entry["_id"]):
            assert "UNIQUE" in answer.error
        else:
            assert answer.value == 1
            now = int(self.store.clock.seconds() * 1000)
            changed = {
                "_version": entry["_version"] + 1,
                "_updated_at": max(now, entry["_updated_at"] + 1),
            }
            self.twin.entries[entry["_id"]] = {**entry, **fields, **changed}

    @rule(entry_id=st.integers(0, 12))
    def delete_by_id(self, entry_id):
        answer = done(self.request.answer("delete_by_id", "thing", entry_id))
        assert bool(answer.error) == (entry_id not in self.twin.entries)
        self.twin.entries.pop(entry_id, None)

    @rule(condition=FILTERS)
    def delete(self, condition):
        found = self.twin.found(condition)
        assert done(self.request.value("delete", "thing", condition)) == len(found)
        for entry in found:
            del self.twin.entries[entry["_id"]]

    @rule(condition=FILTERS)
    def count(self, condition):
        expected = len(self.twin.found(condition))
        assert done(self.request.value("count", "thing", condition)) == expected

    @rule(condition=FILTERS)
    def select_one(self, condition):
        answer = done(self.request.answer("select_one", "thing", condition))
        assert ([answer.value] if not answer.error else []) == self.twin.found(condition)[:1]

    @rule(condition=FILTERS, sort=SORTS, offset=st.integers(0, 4), limit=st.integers(0, 4))
    def select(self, condition, sort, offset, limit):
        expected = self.twin.found(condition, sort)[offset:][: limit or None]
        asked = {"sort": sort, "offset": offset, "limit": limit}
        assert done(self.request.select("thing", condition, **asked)) == expected

    @rule()
    def begin(self):
        answer = done(self.request.answer("begin"))
        assert bool(answer.error) == (self.committed is not None)
        if self.committed is None:
            self.committed = dict(self.twin.entries)

    @rule()
    def another_app_writes(self):
        """It need not wait for a transaction in which nothing is being done."""
        writing = Deferred.fromCoroutine(self.other.value("insert", "thing", {"u": None}))
        self.store.clock.advance(0.01)
        found = []
        writing.addCallback(found.append)
        self.others += 1
        assert found == [self.others]

    @rule(function=st.sampled_from(["commit", "rollback", "end"]))
    def finish(self, function):
        if function == "end":
            assert done(self.request.end()) == ()
            self.request = self.store.begin()
        else:
            answer = done(self.request.answer(function))
            assert bool(answer.error) == (self.committed is None)
        if function != "commit" and self.committed is not None:
            self.twin.entries = self.committed
        self.committed = None

    @invariant()
    def others_see_what_is_committed(self):
        expected = self.twin.entries if self.committed is None else self.committed
        assert done(self.store.begin().value("count", "thing", {})) == len(expected)

    @invariant()
    def what_is_kept_is_counted(self):
        with self.store.engines.reading.begin() as connection:
            tables = [one for one in inspect(connection).get_table_names() if one[:3] == "db_"]
            weighed = [
                connection.exec_driver_sql(f"SELECT sum(_size) FROM {name}").scalar() or 0
                for name in tables
            ]
            counted = connection.scalar(select(func.sum(USAGE.c.bytes))) if tables else 0
            assert counted == sum(weighed)

    def teardown(self):
        done(self.request.end())
        self.store.engines.dispose()


class SQLiteAgreement(Agreement):
    def teardown(self):
        super().teardown()
        self.folder.cleanup()


class PostgresAgreement(Agreement):
    def make_store(self):
        url, _reason = postgres()
        fresh(url)
        return StoreHouse(url)


class AgreementTests(SynchronousTestCase):
    def agree(self, machine, examples):
        chosen = settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(machine, settings=chosen)

    def test_sqlite(self):
        """SQLite agrees with the rules, whatever is done in whatever order."""
        self.agree(SQLiteAgreement, 40)

    def test_postgres(self):
        """PostgreSQL agrees with the same rules."""
        url, reason = postgres()
        if not url:
            raise SkipTest(reason)
        self.agree(PostgresAgreement, 15)
