"""Tests for ``clace.gotemplate.language.builtins``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.faults import CallFault, Fault
from clace.gotemplate.go.values import Int64, Slice, URLValues
from clace.gotemplate.language.builtins import elements, index, length, pairs, slice_of
from clace.gotemplate.limits import Limits, Meter

METER = Meter(Limits(seconds=1e9))


class BuiltinTests(SynchronousTestCase):
    def test_maps_are_visited_in_key_order(self):
        """A range over a map, or over query values, goes by key."""
        self.assertEqual(list(elements(METER, {"b": 2, "a": 1})), [1, 2])
        self.assertEqual(
            list(pairs(METER, URLValues({"b": ["2"], "a": []}))), [("a", []), ("b", ["2"])]
        )

    def test_integers_keep_their_type(self):
        """A range over an int64 visits int64s, one over less than one nothing."""
        self.assertEqual({type(item) for item in elements(METER, Int64(3))}, {Int64})
        self.assertFalse(elements(METER, Int64(-3)))

    def test_what_has_no_elements(self):
        """Truth values and text are nothing to range over."""
        for value in (True, "text", 1.5):
            with self.assertRaises(Fault):
                elements(METER, value)

    def test_strings_are_bytes(self):
        """Length, index and slices of text count bytes."""
        self.assertEqual((length("\u00e9"), index("\u00e9", 0)), (2, 0xC3))

    def test_slices_keep_their_type(self):
        """A slice of strings is cut into slices of strings."""
        self.assertEqual(slice_of(Slice(["a", "b"], elem="string"), 1).elem, "string")

    def test_out_of_range(self):
        """An index beyond the end is refused, as is a slice that ends before it starts."""
        for place in (-1, 1, 9):
            with self.assertRaises(CallFault):
                index([0], place)
        with self.assertRaises(CallFault):
            slice_of([1, 2], 2, 1)
