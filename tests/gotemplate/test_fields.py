"""Tests for ``clace.gotemplate.language.fields``."""

import string
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import Record, TemplateError, URLValues, compile_templates
from clace.gotemplate.faults import Fault
from clace.gotemplate.go.durations import Duration
from clace.gotemplate.go.values import HTML, NOVALUE, Int64, Map, Slice
from clace.gotemplate.language.fields import chain, field, holds_interfaces, method
from clace.gotemplate.sprig.semver import parse_version

VALUES = (
    None,
    True,
    7,
    Int64(7),
    2.5,
    3j,
    "text",
    HTML("<b>"),
    b"bytes",
    [1],
    (1,),
    {"a": 1},
    Slice(["a"], elem="string"),
    Map({"a": "b"}, elem="string"),
    Record("main.T", {"Name": "x"}),
    URLValues({"q": ["1"]}),
    URLValues({"Q": ["1"]}, header=True),
    datetime(2024, 1, 2, tzinfo=UTC),
    Duration(5),
    parse_version("1.2.3"),
)
ATTRIBUTES = sorted({name for value in VALUES for name in dir(value)} - {"a", "Name", "q"})
identifiers = st.sampled_from(ATTRIBUTES) | st.text(
    string.ascii_letters + string.digits + "_", min_size=1
).filter(lambda name: name[0] not in string.digits)


def attribute_like(value):
    """Whether a value is anything a Python attribute could have led to."""
    return callable(value) or isinstance(value, (type, bytes))


class ReachTests(SynchronousTestCase):
    @given(st.sampled_from(VALUES), identifiers)
    def test_no_attribute_is_reachable(self, value, name):
        """No field of any value is a Python attribute, whatever its name."""
        templates = compile_templates({"t": f"{{{{.v.{name}}}}}{{{{(.v).{name}}}}}"})
        try:
            text = templates.render("t", {"v": value})
        except TemplateError as error:
            self.assertNotIn("object at 0x", str(error))
            return
        for hint in ("<built-in", "<bound", "<function", "<class", "<slot", "object at 0x"):
            self.assertNotIn(hint, text)

    @given(st.sampled_from(VALUES), identifiers)
    def test_fields_are_data(self, value, name):
        """What field access returns is missing, data of the value or a refusal."""
        try:
            found = field(value, name, interface=True)
        except Fault:
            return
        self.assertFalse(attribute_like(found))

    @given(st.sampled_from(VALUES), st.sampled_from(ATTRIBUTES))
    def test_methods_are_listed(self, value, name):
        """An argument finds no method that is not in the tables."""
        try:
            bound = method(value, (name,), True, 1)
        except Fault:
            return
        self.assertIsNone(bound)


class ChainTests(SynchronousTestCase):
    def test_missing_key_is_no_value(self):
        """A key that is not there is no error, and has no fields either."""
        self.assertIs(chain({}, ("a", "b"), False), NOVALUE)

    def test_nil_inside_an_interface_is_an_error(self):
        """A nil that a map holds is not the same as no value."""
        with self.assertRaises(Fault) as caught:
            chain({"a": None}, ("a", "b"), False)
        self.assertEqual(str(caught.exception), "nil pointer evaluating interface {}.b")

    def test_structs_are_read_by_name_only(self):
        """A struct gives its fields by their names, and is no list of them."""
        record = Record("T", {"Name": "x"})
        self.assertEqual(record["Name"], "x")
        self.assertRaises(TypeError, iter, record)
        self.assertRaises(TypeError, lambda: "Name" in record)

    def test_holds_interfaces(self):
        """Plain lists and maps hold any values; typed ones and structs do not."""
        self.assertTrue(holds_interfaces([1]))
        self.assertFalse(holds_interfaces(Slice(["a"], elem="string")))
        record = Record("T", {"Data": 1, "Name": ""}, interfaces=("Data",))
        self.assertTrue(holds_interfaces(record, "Data"))
        self.assertFalse(holds_interfaces(record, "Name"))
