"""Conditions as SQL that is written once for all of a shape."""

import re

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.clauses import SQLClauses, shape
from clace.plugins.builtin.store.conditions import read_filter
from clace.plugins.builtin.store.dialects import words_of
from clace.plugins.builtin.store.queries import TableQueries
from clace.plugins.builtin.store.quotas import SpaceQuota
from clace.plugins.builtin.store.statements import Statement
from clace.plugins.builtin.store.tables import collection
from clace.plugins.kit.definition import CallFailed
from tests.support.documents import THING, StoreHouse, sqlite_url

(KIND,) = THING.types
PLACES = st.sampled_from(["n", "t", "b", "d.x", "l", "_id", "_created_by"])
OPERATORS = st.sampled_from(["$eq", "$ne", "$gt", "$lte", "$like"])
OPERANDS = st.sampled_from([1, 2.5, "a", "b", True, False, None])
FILTERS = st.recursive(
    st.dictionaries(PLACES, st.dictionaries(OPERATORS, OPERANDS, min_size=1), max_size=3),
    lambda inner: st.builds(
        lambda name, parts: {name: parts},
        st.sampled_from(["$and", "$or"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=4,
)


def read(given):
    try:
        return read_filter(given, KIND)
    except CallFailed:
        return None


class ShapeTests(SynchronousTestCase):
    def text(self, condition, dialect):
        table = collection("app", KIND, words_of(dialect).column_type)
        return Statement(
            SQLClauses(words_of(dialect), table.columns).where(condition), dialect
        ).text

    @given(FILTERS, FILTERS)
    def test_shapes(self, one, other):
        """Conditions of one shape have the same SQL, in both kinds of database."""
        one, other = read(one), read(other)
        if one is None or other is None or shape(one) != shape(other):
            return
        for dialect in (sqlite.dialect(), psycopg.dialect()):
            self.assertEqual(self.text(one, dialect), self.text(other, dialect))

    @given(FILTERS)
    def test_values(self, written):
        """Each parameter in the SQL has its value, and no operand is in the SQL itself."""
        condition = read(written)
        if condition is None:
            return
        for dialect in (sqlite.dialect(), psycopg.dialect()):
            words = words_of(dialect)
            clauses = SQLClauses(words, collection("app", KIND, words.column_type).columns)
            statement = Statement(clauses.where(condition), dialect)
            filled = statement.filled(clauses.values(condition))
            if isinstance(filled, dict):
                wanted = set(re.findall(r"%\((\w+)\)s", statement.text))
                self.assertEqual(wanted - filled.keys(), set())
            else:
                self.assertEqual(statement.text.count("?"), len(filled))

    def test_kinds_differ(self):
        """Operands of other kinds, places and operators are asked about by other statements."""
        written = [{"n": 1}, {"n": "a"}, {"n": True}, {"n": None}, {"t": 1}, {"n": {"$gt": 1}}]
        written += [{"d.x": 1}, {"d.y": 1}, {"$or": [{"n": 1}]}, {"_id": 1}, {"n": 1, "t": 1}]
        self.assertEqual(len({shape(read(one)) for one in written}), len(written))


class KnownTests(SynchronousTestCase):
    def setUp(self):
        self.store = StoreHouse(sqlite_url(self.mktemp()))
        self.addCleanup(self.store.database.close)
        self.request = self.store.begin()
        for number in range(3):
            self.successResultOf(self.request.value("insert", "thing", self.thing(number)))

    def thing(self, number):
        return {"u": None, "n": number, "t": f"text {number}"}

    def found(self, condition, **kwargs):
        entries = self.successResultOf(self.request.select("thing", condition, **kwargs))
        return [entry["n"] for entry in entries]

    def test_other_operands(self):
        """Each question of the same shape is answered with its own operands, limit and offset."""
        for number in range(3):
            self.assertEqual(self.found({"n": number}), [number])
            self.assertEqual(self.found({"t": {"$like": f"%{number}"}}), [number])
            self.assertEqual(self.found({}, limit=1, offset=number), [number])
            wanted = {"$or": [{"n": number}, {"_id": number}]}
            self.assertEqual(self.found(wanted), [number - 1, number][number == 0 :])

    def test_no_more_than_so_many(self):
        """An app cannot have the server keep statements without end."""
        words, dialect = self.store.database.words, self.store.database.dialect
        entries = collection("app_prd_1", KIND, words.column_type)
        queries = TableQueries(entries, words, dialect, SpaceQuota("app_prd_1", 1))
        with self.store.engines.read_links.transaction() as link:
            for number in range(100):
                condition = read({"n": {"$and": [{"$gte": 1}] * (number + 1)}})
                self.assertEqual(queries.count(link, condition), 2)
        self.assertLessEqual(queries.known, 64)
