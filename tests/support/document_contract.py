"""What the store promises, whatever database it is in."""

from sqlalchemy import select
from twisted.internet.defer import Deferred

from clace.plugins.builtin.store.cursor import FIRST_PAGE
from clace.plugins.builtin.store.documents import MAX_BYTES
from clace.plugins.builtin.store.engines import DatabaseLimits
from clace.plugins.builtin.store.quotas import USAGE
from clace.plugins.builtin.store.tables import collection
from tests.support.documents import (
    NOW,
    THING,
    doc_type,
    field,
    index,
    schema,
    store_app,
)

IMPATIENT = DatabaseLimits(wait_seconds=2)


class StoreContract:
    """Mix in with a synchronous test case that has ``house(**options)``, a store of its own."""

    def setUp(self):
        super().setUp()
        self.store = self.house()
        self.request = self.store.begin()

    def value(self, function, *args, request=None, **kwargs):
        return self.successResultOf((request or self.request).value(function, *args, **kwargs))

    def error(self, function, *args, request=None, **kwargs):
        return self.successResultOf((request or self.request).error(function, *args, **kwargs))

    def select(self, condition=None, request=None, **kwargs):
        work = (request or self.request).select("thing", condition or {}, **kwargs)
        return self.successResultOf(work)

    def insert(self, request=None, **fields):
        return self.value("insert", "thing", {"u": None, **fields}, request=request)

    def ids(self, condition=None, **kwargs):
        return [entry["_id"] for entry in self.select(condition, **kwargs)]

    # One entry

    def test_insert(self):
        """An entry has an id, a first version, who made it and when, and its fields."""
        self.assertEqual(self.insert(n=3, t="é", l=[1, "a"], d={"k": [True, None, 1.5]}), 1)
        expected = {
            "_id": 1,
            "_version": 1,
            "_created_by": "ann",
            "_updated_by": "ann",
            "_created_at": NOW * 1000,
            "_updated_at": NOW * 1000,
            "n": 3,
            "t": "é",
            "b": False,
            "l": [1, "a"],
            "d": {"k": [True, None, 1.5]},
            "u": None,
        }
        self.assertEqual(self.value("select_by_id", "thing", 1), expected)
        self.assertEqual(self.value("select_one", "thing", {"n": 3}), expected)

    def test_numbers(self):
        """Numbers come back as they were, as far as 64 bits and floats go."""
        numbers = {"d": {"a": 2**63 - 1, "b": -(2**63), "c": 1e300, "d": 0.1, "e": -5}}
        self.insert(**numbers, n=2**63 - 1)
        entry = self.value("select_by_id", "thing", 1)
        self.assertEqual((entry["d"], entry["n"]), (numbers["d"], 2**63 - 1))
        self.assertEqual(self.ids({"n": 2**63 - 1}), [1])

    def test_what_it_cannot_keep(self):
        """What is not declared, of another type, or in no JSON, is refused by name."""
        for expected, fields in {
            "type thing has no field x": {"x": 1},
            "field n of type thing takes INT, got str": {"n": "1"},
            "field t has a NUL character": {"t": "a\0"},
            "field d has a number of more than 64 bits": {"d": {"a": 2**63}},
        }.items():
            self.assertEqual(self.error("insert", "thing", {"u": None, **fields}), expected)
        large = self.error("insert", "thing", {"u": None, "t": "a" * MAX_BYTES})
        self.assertIn(f"more than {MAX_BYTES}", large)
        self.insert(l=["a" * (MAX_BYTES - 100)])
        self.assertEqual(self.value("count", "thing", {}), 1)

    def test_missing_field(self):
        """A field with a default may be left out, another not; nothing may be said on purpose."""
        self.assertIn("field u of type thing is not given", self.error("insert", "thing", {"n": 1}))
        self.insert(n=None)
        self.assertIsNone(self.value("select_by_id", "thing", 1)["n"])

    def test_update(self):
        """An update replaces the fields, counts the version, and says who and when."""
        self.insert(n=1)
        entry = self.value("select_by_id", "thing", 1)
        self.store.clock.advance(5)
        bob = self.store.begin(user="bob")
        self.assertEqual(self.value("update", "thing", {**entry, "n": 2}, request=bob), 1)
        changed = {
            "n": 2,
            "_version": 2,
            "_updated_by": "bob",
            "_updated_at": (NOW + 5) * 1000,
        }
        self.assertEqual(self.value("select_by_id", "thing", 1), {**entry, **changed})

    def test_stale_update(self):
        """Who updates what somebody else has changed since is told so, even within a moment."""
        self.insert(n=1)
        entry = self.value("select_by_id", "thing", 1)
        self.value("update", "thing", {**entry, "n": 2})
        self.assertEqual(
            self.error("update", "thing", {**entry, "n": 3}),
            "entry 1 not found or concurrently updated in table thing",
        )
        self.assertEqual(self.value("select_by_id", "thing", 1)["n"], 2)
        self.assertIn("entry 9 not found", self.error("update", "thing", {**entry, "_id": 9}))
        del entry["_updated_at"]
        self.assertIn("has no _updated_at", self.error("update", "thing", entry))

    def test_delete_by_id(self):
        """An entry is deleted once."""
        self.insert()
        self.assertEqual(self.value("delete_by_id", "thing", 1), 1)
        missing = "entry 1 not found in table thing"
        self.assertEqual(self.error("delete_by_id", "thing", 1), missing)
        self.assertEqual(self.error("select_by_id", "thing", 1), missing)
        for large in (2**63, -(2**80)):
            for function in ("select_by_id", "delete_by_id"):
                missing = f"entry {large} not found in table thing"
                self.assertEqual(self.error(function, "thing", large), missing)

    def test_ids_are_not_given_again(self):
        """The id of a deleted entry is never that of another."""
        self.insert()
        self.value("delete_by_id", "thing", 1)
        self.assertEqual(self.insert(), 2)

    # Many entries

    def test_count_and_delete(self):
        """Both take a filter; an empty one is for all."""
        for n in range(5):
            self.insert(n=n)
        self.assertEqual(self.value("count", "thing", {"n": {"$gte": 3}}), 2)
        self.assertEqual(self.value("delete", "thing", {"n": {"$gte": 3}}), 2)
        self.assertEqual(self.value("delete", "thing", {"n": 77}), 0)
        self.assertEqual(self.value("delete", "thing", {}), 3)
        self.assertEqual(self.value("count", "thing", {}), 0)

    def test_select_one(self):
        """The first of several is that with the lowest id; it is an error if there is none."""
        for n in (7, 7, 8):
            self.insert(n=n)
        self.assertEqual(self.value("select_one", "thing", {"n": 7})["_id"], 1)
        error = self.error("select_one", "thing", {"n": 9})
        self.assertEqual(error, "no entry found in table thing")

    def test_numbers_compare_as_numbers(self):
        """Ten is more than nine, in filters and in orders."""
        for n in (9, 10, 100, -1):
            self.insert(n=n)
        self.assertEqual(self.ids({"n": {"$gt": 9}}), [2, 3])
        self.assertEqual(self.ids(sort=["n"]), [4, 1, 2, 3])
        self.assertEqual(self.ids(sort=["n:DESC"]), [3, 2, 1, 4])

    def test_kinds_do_not_mix(self):
        """A value is compared with its own kind only; what is not there equals nothing but None."""
        self.insert(n=1, t="1", b=True, d={"x": 1})
        self.insert(n=None, t=None, b=None, d={"x": "1"})
        self.insert(n=0, d={"x": True})
        self.assertEqual(self.ids({"n": "1"}), [])
        self.assertEqual(self.ids({"n": True}), [])
        self.assertEqual(self.ids({"t": {"$gt": 0}}), [])
        self.assertEqual(self.ids({"b": 1}), [])
        self.assertEqual(self.ids({"d.x": 1}), [1])
        self.assertEqual(self.ids({"d.x": "1"}), [2])
        self.assertEqual(self.ids({"d.x": True}), [3])
        self.assertEqual(self.ids({"n": None}), [2])
        self.assertEqual(self.ids({"n": {"$ne": None}}), [1, 3])
        self.assertEqual(self.ids({"n": {"$ne": 1}}), [3])
        self.assertEqual(self.ids({"d.y": None}), [1, 2, 3])

    def test_texts(self):
        """Texts are ordered by code point, and like each other without regard to case."""
        for text in ("b", "B", "é", "", "a%c", "abc"):
            self.insert(t=text)
        self.assertEqual(
            [entry["t"] for entry in self.select(sort=["t"])], ["", "B", "a%c", "abc", "b", "é"]
        )
        self.assertEqual(self.ids({"t": {"$like": "b"}}), [1, 2])
        self.assertEqual(self.ids({"t": {"$like": "a%c"}}), [5, 6])
        self.assertEqual(self.ids({"t": {"$like": r"a\%c"}}), [5])
        self.assertEqual(self.ids({"t": {"$like": "_"}}), [1, 2, 3])
        self.assertEqual(self.ids({"t": {"$gt": "b"}}), [3])

    def test_like_in_lists(self):
        """The JSON of a list can be searched, which finds entries by tag."""
        self.insert(l=["go", "web"])
        self.insert(l=["golang"])
        self.assertEqual(self.ids({"l": {"$like": '%"go"%'}}), [1])

    def test_logic(self):
        """Conditions are joined by $and and $or in any case, of fields and within one."""
        for n in range(6):
            self.insert(n=n, b=n % 2 == 0)
        self.assertEqual(self.ids({"$OR": [{"n": 1}, {"n": {"$gt": 3}, "b": True}]}), [2, 5])
        self.assertEqual(self.ids({"n": {"$or": [{"$lt": 1}, {"$eq": 5}]}}), [1, 6])
        self.assertEqual(self.ids({"n": {"$gt": 1, "$lt": 4}}), [3, 4])
        self.assertEqual(self.ids({"n": {"$And": [{"$gt": 1}, {"$lte": 2}]}}), [3])
        self.assertEqual(self.ids({"$and": [{"$or": [{"n": 1}, {"n": 2}]}, {"b": True}]}), [3])

    def test_reserved_fields(self):
        """What every entry has can be asked for and sorted by as well."""
        self.insert()
        self.store.clock.advance(1)
        self.insert(request=self.store.begin(user="bob"))
        self.assertEqual(self.ids({"_created_by": "bob"}), [2])
        self.assertEqual(self.ids({"_created_by": {"$like": "A%"}}), [1])
        self.assertEqual(self.ids({"_created_at": {"$gt": NOW * 1000}}), [2])
        self.assertEqual(self.ids({"_id": {"$ne": 2}}), [1])
        self.assertEqual(self.ids({"_id": None}), [])
        self.assertEqual(self.ids(sort=["_created_at:desc"]), [2, 1])

    def test_pages(self):
        """Pages by offset and limit do not overlap, even if entries compare equal."""
        for n in range(7):
            self.insert(n=n // 4)
        whole = self.ids(sort=["n:desc"])
        parts = [self.ids(sort=["n:desc"], offset=at, limit=3) for at in (0, 3, 6, 9)]
        self.assertEqual([len(part) for part in parts], [3, 3, 1, 0])
        self.assertEqual([one for part in parts for one in part], whole)

    def test_ties(self):
        """What compares equal comes by id, in the direction of the last field."""
        for n in (1, 1, 0):
            self.insert(n=n)
        self.assertEqual(self.ids(sort=["n"]), [3, 1, 2])
        self.assertEqual(self.ids(sort=["n:desc"]), [2, 1, 3])
        self.assertEqual(self.ids(sort=["n:desc", "t"]), [1, 2, 3])

    def test_bounds(self):
        """A limit is at most 100,000 and neither it nor the offset is negative."""
        self.assertEqual(
            self.error("select", "thing", {}, limit=100_001),
            "select limit 100001 exceeds max limit 100000",
        )
        self.assertIn("negative", self.error("select", "thing", {}, limit=-1))
        self.assertIn("negative", self.error("select", "thing", {}, offset=-1))

    def test_cursor(self):
        """Many entries come in pages; what is deleted meanwhile is left out."""
        count = FIRST_PAGE + 20
        self.value("begin")
        for n in range(count):
            self.insert(n=n)
        self.value("commit")
        answer = self.successResultOf(self.request.answer("select", "thing", {}, sort=["n"]))
        self.value("delete_by_id", "thing", count)
        scope = self.request.scope
        first, more = self.successResultOf(scope.next(answer.stream))
        self.assertEqual((len(first), more), (FIRST_PAGE, True))
        rest, more = self.successResultOf(scope.next(answer.stream))
        self.assertEqual([entry["n"] for entry in rest], list(range(FIRST_PAGE, count - 1)))
        self.assertFalse(more)
        self.assertEqual(self.successResultOf(self.request.end()), ())

    def test_leak(self):
        """A cursor that was not read is named when the request ends."""
        self.successResultOf(self.request.answer("select", "thing", {}))
        leaked = self.successResultOf(self.request.end())
        self.assertEqual(leaked, ("store.in:rows_cursor_thing",))

    # Transactions

    def test_commit(self):
        """What is done in a transaction is seen by others once it is committed."""
        other = self.store.begin()
        self.insert()
        self.value("begin")
        self.insert()
        self.assertEqual(self.value("count", "thing", {}), 2)
        self.assertEqual(self.value("count", "thing", {}, request=other), 1)
        self.value("commit")
        self.assertEqual(self.value("count", "thing", {}, request=other), 2)

    def test_rollback(self):
        """What is rolled back never was, and so is what a request leaves open."""
        self.insert()
        for leave in (
            lambda: self.value("rollback"),
            lambda: self.successResultOf(self.request.end()),
        ):
            self.value("begin")
            self.value("delete", "thing", {})
            leave()
            self.request = self.store.begin()
            self.assertEqual(self.value("count", "thing", {}), 1)

    def test_order_of_transactions(self):
        """One transaction at a time; what is not open cannot be ended."""
        self.assertEqual(self.error("commit"), "no transaction to commit")
        self.assertEqual(self.error("rollback"), "no transaction to rollback")
        self.value("begin")
        self.assertEqual(self.error("begin"), "transaction already active")
        self.value("commit")
        self.value("begin")
        self.assertEqual(self.successResultOf(self.request.end()), ())

    def test_failure_in_a_transaction(self):
        """What fails in a transaction leaves no trace, and the rest can be committed."""
        self.value("begin")
        self.insert(u="same")
        self.assertIn("UNIQUE", self.error("insert", "thing", {"u": "same"}))
        self.insert(u="other")
        self.value("commit")
        self.assertEqual([entry["u"] for entry in self.select()], ["same", "other"])

    # Types and tables

    def test_unique_index(self):
        """A value can be there only once, if so declared; nothing may be there often."""
        self.insert(u="a")
        self.assertEqual(
            self.error("insert", "thing", {"u": "a"}),
            "UNIQUE constraint failed: there is an entry in thing with this u",
        )
        self.insert(u=None)
        self.insert(u=None)
        self.assertEqual(self.value("count", "thing", {}), 3)

    def test_apps_have_tables_of_their_own(self):
        """No app sees what another has, not even its own staging twin."""
        self.insert()
        for app in (store_app("app_prd_2"), store_app("app_stg_1", "app_prd_1")):
            other = self.store.begin(app)
            self.assertEqual(self.value("count", "thing", {}, request=other), 0)

    def test_sharing(self):
        """With the setting, a staging app has what its production app has."""
        self.store = self.house(share=True)
        production = self.store.begin()
        self.insert(request=production)
        staging = self.store.begin(store_app("app_stg_1", "app_prd_1"))
        self.assertEqual(self.value("count", "thing", {}, request=staging), 1)

    def test_new_field(self):
        """A field that is declared later has its default in older entries; one that is declared no
        more is kept for the version that declares it."""
        old = schema(doc_type("thing", field("a", "INT"), field("b", "INT")))
        new = schema(doc_type("thing", field("a", "INT"), field("c", "LIST", ["x"])))
        before, after = self.store.begin(declared=old), self.store.begin(declared=new)
        self.value("insert", "thing", {"a": 1, "b": 2}, request=before)
        entry = self.value("select_by_id", "thing", 1, request=after)
        self.assertEqual((entry["a"], entry["c"], "b" in entry), (1, ["x"], False))
        self.value("update", "thing", {**entry, "a": 7}, request=after)
        entry = self.value("select_by_id", "thing", 1, request=before)
        self.assertEqual((entry["a"], entry["b"]), (7, 2))

    def test_unique_over_duplicates(self):
        """A unique index over entries that are not is an error that names type and field."""
        plain = schema(doc_type("thing", field("a", "INT")))
        unique = schema(doc_type("thing", field("a", "INT"), indexes=[index("a", unique=True)]))
        before = self.store.begin(declared=plain)
        for _ in range(2):
            self.value("insert", "thing", {"a": 1}, request=before)
        after = self.store.begin(declared=unique)
        error = self.error("count", "thing", {}, request=after)
        self.assertIn("UNIQUE", error)
        self.assertIn("in thing with this a", error)
        self.assertEqual(self.value("count", "thing", {}, request=before), 2)

    def test_no_schema(self):
        """Without a type there is no store; a table that is not declared is not there."""
        nothing = self.store.begin(declared=schema())
        self.assertIn("store info not found", self.error("count", "thing", {}, request=nothing))
        self.assertIn("store info not found", self.error("begin", request=nothing))
        self.assertIn("table x not found", self.error("count", "x", {}))

    # Quotas

    def test_quota(self):
        """An app keeps so much and no more; to keep less is always allowed."""
        self.store = self.house(max_mb=1)
        self.request = self.store.begin()
        for _ in range(10):
            self.insert(l=["a" * 100_000])
        full = "the app may keep 1 MB of documents (max_mb_per_app)"
        self.assertEqual(self.error("insert", "thing", {"u": None, "l": ["a" * 100_000]}), full)
        entry = self.value("select_by_id", "thing", 10)
        self.assertEqual(self.error("update", "thing", {**entry, "l": ["a" * 200_000]}), full)
        self.assertEqual(self.value("select_by_id", "thing", 10), entry)
        other = self.store.begin(store_app("app_prd_2"))
        self.insert(request=other)
        self.value("update", "thing", {**entry, "l": []})
        self.insert(l=["a" * 100_000])
        self.value("delete", "thing", {})
        self.insert(l=["a" * 1_000_000])

    def test_quota_of_indexes(self):
        """What an index repeats is counted as often."""
        indexes = [index("a"), index("a", "b"), index("b:desc", "a:desc")]
        kind = doc_type("thing", field("a", "INT"), field("b", "STRING"), indexes=indexes)
        self.store = self.house(max_mb=1)
        request = self.store.begin(declared=schema(kind))
        refused = 0
        for number in range(800):
            entry = {"a": number, "b": "x" * 500}
            refused += bool(self.error("insert", "thing", entry, request=request))
            if refused:
                break
        self.assertTrue(500 < number < 700, number)

    def test_quota_in_a_transaction(self):
        """What is rolled back, or failed, takes no room."""
        self.store = self.house(max_mb=1)
        self.request = self.store.begin()
        self.insert(u="same")
        for _ in range(3):
            self.value("begin")
            self.insert(l=["a" * 900_000])
            self.error("insert", "thing", {"u": None, "l": ["a" * 900_000]})
            self.error("insert", "thing", {"u": "same", "l": ["a" * 100_000]})
            self.value("rollback")
        self.insert(l=["a" * 1_000_000])

    # Tables of older servers

    def without_column(self, name, *statements):
        """A request of another version of the app, to whose table something was done."""
        table = collection("app_prd_1", THING.types[0], self.store.database.words.column_type)
        with self.store.engines.writing.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table.table.name} DROP COLUMN {name}")
            for statement in statements:
                connection.exec_driver_sql(statement)
        return self.store.begin(declared=schema(*THING.types, doc_type("more")))

    def test_entries_without_sizes(self):
        """A table of before there were quotas is written on; what is in there counts nothing."""
        self.store = self.house(max_mb=1)
        self.request = self.store.begin()
        for _ in range(3):
            self.insert(l=["a" * 300_000])
        self.request = self.without_column("_size", "DROP TABLE store_usage")
        self.assertEqual(self.ids(), [1, 2, 3])
        self.value("delete_by_id", "thing", 1)
        self.value("delete", "thing", {"_id": 2})
        entry = self.value("select_by_id", "thing", 3)
        self.value("update", "thing", {**entry, "l": ["a" * 400_000]})
        self.insert(l=["a" * 600_000])
        full = "the app may keep 1 MB of documents (max_mb_per_app)"
        self.assertEqual(self.error("insert", "thing", {"u": None, "l": ["a" * 100_000]}), full)
        self.value("delete", "thing", {})
        with self.store.engines.reading.connect() as connection:
            self.assertEqual(connection.scalar(select(USAGE.c.bytes)), 0)

    def test_foreign_table(self):
        """A table that is another one in other ways is left alone, and the app told which it is."""
        self.insert()
        request = self.without_column("_updated_by")
        said = self.error("insert", "thing", {"u": None}, request=request)
        self.assertRegex(said, "^table db_[0-9a-f]{32} of type thing has no column _updated_by: ")

    # Others

    def test_waiting_for_a_turn(self):
        """Who waits too long behind somebody's transaction is told that the store is busy."""
        self.store = self.house(limits=IMPATIENT)
        self.request = self.store.begin()
        self.insert()
        self.fill_turns()
        self.assertIn("busy", self.waited("insert", "thing", {"u": None}))
        self.assertIn("busy", self.waited("begin"))

    def test_turns_of_an_app(self):
        """An app writes once at a time, so that its transactions leave room for others."""
        self.value("begin")
        again = Deferred.fromCoroutine(self.store.begin().error("begin"))
        self.assertNoResult(again)
        self.value("rollback")
        self.assertEqual(self.successResultOf(again), "")

    def test_transaction_expires(self):
        """A transaction that is open for too long is rolled back; its request is told so until it
        ends it, and others can write again."""
        self.value("begin")
        self.insert()
        self.store.clock.advance(DatabaseLimits().transaction_seconds)
        for function, *args in (("insert", "thing", {"u": None}), ("count", "thing", {})):
            self.assertIn("more than 10 seconds", self.error(function, *args))
        self.assertIn("more than 10 seconds", self.error("commit"))
        self.assertEqual(self.value("count", "thing", {}), 0)
        self.insert()

    def test_index_is_used(self):
        """What is asked of an indexed field, or sorted by it, does not look at every entry."""
        self.insert(n=1, t="a")
        for condition, sort in (
            ({"n": 3}, []),
            ({"n": {"$gt": 3}}, ["n"]),
            ({"t": "a"}, []),
            ({"t": {"$gte": "a"}}, ["t"]),
            ({"u": "x"}, []),
            ({}, ["n:desc"]),
        ):
            self.assertTrue(self.uses_index(THING, condition, sort), (condition, sort))
        self.assertFalse(self.uses_index(THING, {"b": True}, []))
