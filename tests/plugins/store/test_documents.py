"""Entries on their way into the database and out of it."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.documents import (
    MAX_BYTES,
    check_size,
    decoded,
    encoded,
    entry_of,
    fields_of,
)
from clace.plugins.kit.definition import CallFailed
from tests.support.documents import THING, doc_type, field, schema

(KIND,) = THING.types
RESERVED = {
    "_id": 1,
    "_version": 1,
    "_created_by": "a",
    "_updated_by": "a",
    "_created_at": 0,
    "_updated_at": 0,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class FieldsTests(SynchronousTestCase):
    def refused(self, **fields):
        with self.assertRaises(CallFailed) as caught:
            fields_of({"u": None, **fields}, KIND)
        return caught.exception.message

    def test_defaults(self):
        """What is not given is what was declared, for each entry anew in the database."""
        self.assertEqual(
            fields_of({**RESERVED, "u": "x", "n": 3}, KIND),
            {"n": 3, "t": "", "b": False, "l": [], "d": {}, "u": "x"},
        )
        with self.assertRaisesRegex(CallFailed, "field u of type thing is not given"):
            fields_of({}, KIND)

    def test_types(self):
        """A field takes values of its type and nothing."""
        wrong = {
            "n": ("1", True, 1.0, 2**63, [], {}),
            "t": (1, True, [], {}),
            "b": (1, "true", []),
            "l": ("a", {}, 1),
            "d": ([], "a", 1),
        }
        for name, values in wrong.items():
            for value in values:
                text = self.refused(**{name: value})
                self.assertIn(f"field {name} of type thing takes", text)
                self.assertIn(f"got {type(value).__name__}", text)
            self.assertIsNone(fields_of({"u": None, name: None}, KIND)[name])

    def test_what_a_database_cannot_keep(self):
        """What one of the databases would refuse or change is refused for both."""
        for expected, value in {
            "has a NUL character": {"k": "a\0b"},
            "field d has a NUL": {"a\0": 1},
            "has a number that is none": {"k": [float("inf")]},
            "has a number of more than 64 bits": {"k": -(2**63) - 1},
            "has a key that is no text": {1: 2},
            "has a value of type bytes": {"k": b"x"},
        }.items():
            self.assertIn(expected, self.refused(d=value))
        deep = []
        for _ in range(40):
            deep = [deep]
        self.assertIn("nested too deeply", self.refused(l=deep))

    def test_size(self):
        """A large entry is noticed before it is looked at."""
        self.assertEqual(check_size({"t": "a"}, KIND), 9)
        for much in ({"t": "a" * MAX_BYTES}, {"t": object()}):
            with self.assertRaises(CallFailed):
                check_size(much, KIND)
        with self.assertRaisesRegex(CallFailed, "not declared any more"):
            encoded({"old": "a" * 2 * MAX_BYTES})

    @given(st.dictionaries(st.sampled_from("ld"), JSON))
    def test_round_trip(self, fields):
        """Whatever is taken comes back as it was."""
        try:
            taken = fields_of({"u": None, **fields}, KIND)
        except CallFailed:
            return
        self.assertEqual(decoded(encoded(taken)), taken)


class EntryTests(SynchronousTestCase):
    def test_entry(self):
        """An entry has what is declared now, and not what was declared once."""
        (kind,) = schema(doc_type("x", field("a", "INT"), field("b", "LIST", [1]))).types
        row = {**RESERVED, "_json": '{"a": 3, "old": 4}'}
        self.assertEqual(entry_of([*row.values()], kind), {**RESERVED, "a": 3, "b": [1]})

    def test_long_numbers(self):
        """A float that PostgreSQL writes with all its digits is one again."""
        found = decoded(f'{{"a": 1{"0" * 300}, "b": 9223372036854775807, "c": "{"1" * 30}"}}')
        self.assertEqual(found, {"a": 1e300, "b": 2**63 - 1, "c": "1" * 30})
        self.assertIsInstance(found["a"], float)
