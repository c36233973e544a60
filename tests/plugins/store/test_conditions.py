"""Filters as apps write them."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    EntryColumn,
    FieldValue,
    SortOrder,
    read_filter,
    read_sort,
)
from clace.plugins.kit.definition import CallFailed
from tests.support.documents import THING

(KIND,) = THING.types
N = FieldValue(KIND.field("n"))
LONG = "x" * 1_000_000
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["n", "t", "d.x", "_id", "_json", "$or", "$AND", "$gt", "$like", "$eq"])
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


class FilterTests(SynchronousTestCase):
    def read(self, given):
        return read_filter(given, KIND)

    def refused(self, given):
        with self.assertRaises(CallFailed) as caught:
            self.read(given)
        self.assertLess(len(caught.exception.message), 400)
        return caught.exception.message

    def test_comparisons(self):
        """A value is compared for equality, operators in a dict all have to hold."""
        one = Comparison(N, "$eq", 3)
        self.assertEqual(self.read({"n": 3}), AllOf((one,)))
        self.assertEqual(
            self.read({"n": {"$gt": 1, "$lte": 9}}),
            AllOf((AllOf((Comparison(N, "$gt", 1), Comparison(N, "$lte", 9))),)),
        )
        self.assertEqual(self.read({}), AllOf(()))

    def test_logic(self):
        """Conditions are joined by name in any case, of fields and within one."""
        left, right = Comparison(N, "$eq", 1), Comparison(N, "$gt", 2)
        self.assertEqual(
            self.read({"$oR": [{"n": 1}, {"n": {"$gt": 2}}]}),
            AllOf((AnyOf((AllOf((left,)), AllOf((AllOf((right,)),)))),)),
        )
        self.assertEqual(
            self.read({"n": {"$AND": [{"$eq": 1}, {"$gt": 2}]}}),
            AllOf((AllOf((AllOf((left, right)),)),)),
        )

    def test_places(self):
        """Reserved fields are columns; a dot leads into a DICT."""
        self.assertEqual(self.read({"_id": 1}), AllOf((Comparison(EntryColumn("_id"), "$eq", 1),)))
        inner = FieldValue(KIND.field("d"), ("x", "y z"))
        self.assertEqual(self.read({"d.x.y z": None}), AllOf((Comparison(inner, "$eq", None),)))

    def test_wrong_places(self):
        """What cannot be asked is named."""
        for name, expected in {
            "x": "type thing has no field x",
            "": "type thing has no field ",
            "it's": "field path cannot contain ': it's",
            "_json": "querying _json directly is not supported",
            "n.x": "invalid field path n.x, n is not of type DICT",
            "l.0": "invalid field path l.0, l is not of type DICT",
            "d.": "invalid field path d.",
            "d..x": "invalid field path d..x",
            'd."': 'invalid field path d."',
            "d." + ".".join("x" * 20): "invalid field path d.x",
        }.items():
            self.assertIn(expected, self.refused({name: 1}))

    def test_wrong_operators(self):
        """Operators are known ones, in lower case, and belong to fields."""
        for given_filter, expected in (
            ({"$gt": 5}, "operator $gt supported for field conditions only: 5"),
            ({"$not": [{}]}, "operator $not supported for field conditions only: of type list"),
            ({"n": {"$GT": 5}}, "invalid query condition for n $GT"),
            ({"n": {"x": 5}}, "invalid query condition for n x"),
            ({"n": {}}, "invalid query condition for n"),
            ({"$or": {"n": 1}}, "invalid logical condition for $or"),
            ({"$or": []}, "invalid logical condition for $or"),
            ({"$and": [1]}, "invalid logical condition for $and"),
            ({"n": {"$or": [{"$gt": 1, "$lt": 2}]}}, "invalid logical condition for n $or"),
            ({"n": {"$or": [{}]}}, "invalid logical condition for n $or"),
            ({"n": {"$or": [{"$or": [{"$gt": 1}]}]}}, "invalid query condition for n $or"),
        ):
            self.assertIn(expected, self.refused(given_filter))

    def test_wrong_operands(self):
        """What cannot be compared is an invalid condition, and is shown in short."""
        for name, operand in (
            ("n", [1]),
            ("n", {"$eq": [1]}),
            ("n", {"$eq": {"$gt": 1}}),
            ("n", {"$gt": None}),
            ("n", {"$gt": True}),
            ("n", {"$like": 1}),
            ("n", float("nan")),
            ("n", 2**63),
            ("t", "a\0"),
            ("t", {"$like": "a\\"}),
            ("t", {"$like": "a\\\\\\"}),
            ("_id", "1"),
            ("_id", True),
            ("_id", {"$like": "1"}),
            ("_created_by", 1),
            ("t", {"$like": LONG + "\\"}),
        ):
            self.assertIn(f"invalid condition for {name} $", self.refused({name: operand}))
        self.read({"t": {"$like": "a\\\\"}, "_created_by": {"$like": "a%"}})

    def test_bounds(self):
        """A filter has a depth and a number of conditions, and errors are short."""
        deep = {"n": 1}
        for _ in range(20):
            deep = {"$and": [deep]}
        self.assertIn("nested too deeply", self.refused(deep))
        for many in ({"$or": [{"n": 1}] * 150}, {"$or": [{}] * 300}):
            self.assertIn("more than 200 conditions", self.refused(many))
        long = {"t": {"$like": "%" + "a" * 500}}
        self.read(long)
        self.assertIn("more than 1000 characters", self.refused({"$or": [long, long]}))
        for name in (LONG, "$" + LONG, "'" + LONG, "d." + LONG + '"', "n." + LONG):
            self.refused({name: LONG})
        self.refused({"n": {LONG: 1}})

    @given(st.dictionaries(st.sampled_from(["n", "t", "$or", "d.x"]) | st.text(), ANYTHING))
    def test_anything(self, given_filter):
        """Whatever an app writes is a filter or is refused."""
        try:
            self.read(given_filter)
        except CallFailed:
            return


class SortTests(SynchronousTestCase):
    def test_sort(self):
        """A field sorts upwards unless it says otherwise."""
        id_down = SortOrder(EntryColumn("_id"), descends=True)
        self.assertEqual(
            read_sort(["n", "n:ASC", "_id:desc"], KIND),
            (SortOrder(N, descends=False), SortOrder(N, descends=False), id_down),
        )

    def test_refused(self):
        """Only what has an order can be sorted by."""
        for written, expected in {
            "n:up": "invalid sort field n:up",
            "n:": "invalid sort field n:",
            "x": "has no field x",
            "l": "cannot sort by l",
            "d": "cannot sort by d",
            "d.x": "cannot sort by d.x",
            LONG: r"has no field \(too long",
        }.items():
            with self.assertRaisesRegex(CallFailed, expected):
                read_sort([written], KIND)
        with self.assertRaisesRegex(CallFailed, "more than 8"):
            read_sort(["n"] * 9, KIND)
