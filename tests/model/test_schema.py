"""Schemas of documents: what may be declared."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.model.schema import (
    RESERVED,
    AppSchema,
    DocType,
    DocumentField,
    DocumentIndex,
    FieldType,
    sort_key,
)

NUMBER = DocumentField("n", FieldType.INT)


class FieldTests(SynchronousTestCase):
    def test_types(self):
        """A type takes its values and nothing, and no other type's."""
        values = {
            FieldType.INT: (0, -(2**63), 2**63 - 1),
            FieldType.STRING: ("", "é"),
            FieldType.BOOLEAN: (True, False),
            FieldType.LIST: ([], (1,)),
            FieldType.DICT: ({}, {"a": 1}),
        }
        for kind, own in values.items():
            for value in own:
                taking = [one for one in FieldType if one.takes(value)]
                self.assertEqual(taking, [kind])
            self.assertTrue(kind.takes(None))
        self.assertFalse(any(kind.takes(1.5) or kind.takes(2**63) for kind in FieldType))

    def test_defaults(self):
        """A default is of the field's type."""
        self.assertEqual(DocumentField("n", FieldType.INT, 3).default, 3)
        with self.assertRaisesRegex(ValueError, "default of field n is not of type INT"):
            DocumentField("n", FieldType.INT, "3")

    def test_names(self):
        """Names are short and of ASCII; what every entry has cannot be declared."""
        for name in ("a", "_x", "A_9", "x" * 63):
            DocumentField(name, FieldType.INT)
        for name in ("", "9a", "a b", "a-b", "é", "a\n", "x" * 64, 'a"', "a'"):
            with self.assertRaisesRegex(ValueError, "invalid name"):
                DocumentField(name, FieldType.INT)
        for name in (*RESERVED, "_json"):
            with self.assertRaisesRegex(ValueError, f"field name {name} is reserved"):
                DocumentField(name, FieldType.INT)


class TypeTests(SynchronousTestCase):
    def refused(self, expected, *fields, indexes=(), name="t"):
        with self.assertRaisesRegex(ValueError, expected):
            DocType(name, fields, tuple(map(DocumentIndex, indexes)))

    def test_duplicates(self):
        """Fields and types are there once."""
        self.refused("duplicate field n in type t", NUMBER, NUMBER)
        with self.assertRaisesRegex(ValueError, "duplicate type t"):
            AppSchema((DocType("t", ()), DocType("t", ())))

    def test_indexes(self):
        """An index is of fields that there are, in a direction that there is."""
        parts = DocType("t", (NUMBER,), (DocumentIndex(("n:DESC",)),)).indexes[0].parts
        self.assertEqual(parts, (("n", True),))
        self.refused("index field x not defined in type t", NUMBER, indexes=[("x",)])
        for wrong in ("n:up", "n:", "n:asc:desc"):
            self.refused(f"invalid index field {wrong}", NUMBER, indexes=[(wrong,)])

    def test_name(self):
        """A type's name is one that an attribute can have."""
        self.refused("invalid name 'a.b'", NUMBER, name="a.b")

    def test_sort_key(self):
        """The direction counts in any case, up is the usual one."""
        self.assertEqual(sort_key("a"), ("a", False))
        self.assertEqual(sort_key("a:Asc"), ("a", False))
        self.assertEqual(sort_key("a:desC"), ("a", True))


class SchemaTests(SynchronousTestCase):
    def test_names(self):
        """The attributes of entries are all fields and what every entry has."""
        self.assertEqual(AppSchema().names, frozenset())
        names = AppSchema((DocType("t", (NUMBER,)),)).names
        self.assertEqual(names, {"n", *RESERVED})

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["types", "name", "fields", "type", "default", "indexes"]),
                    inner,
                    max_size=3,
                )
            ),
        )
    )
    def test_anything(self, told):
        """Whatever a host tells is a schema or is refused."""
        try:
            self.assertIsInstance(msgspec.convert(told, AppSchema), AppSchema)
        except msgspec.ValidationError:
            return
