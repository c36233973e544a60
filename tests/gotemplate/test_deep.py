"""Tests for ``clace.gotemplate.go.deep``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import compile_templates
from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.deep import deep_copy, deep_equal
from clace.gotemplate.go.values import Int64, Map, Record, Slice
from clace.gotemplate.limits import Limits, Meter

METER = Meter(Limits(seconds=1e9))


class DeepTests(SynchronousTestCase):
    def test_types_matter(self):
        """Equal contents of different Go types are not deeply equal."""
        self.assertTrue(deep_equal(METER, {"a": [1, None]}, {"a": [1, None]}))
        self.assertFalse(deep_equal(METER, 1, Int64(1)))
        self.assertFalse(deep_equal(METER, ["a"], Slice(["a"], elem="string")))
        self.assertFalse(deep_equal(METER, [1], [1, 2]))

    def test_copies_share_nothing(self):
        """A copy keeps types and can change alone."""
        value = {"a": Slice(["x"], elem="string"), "b": Map({"c": "d"}, elem="string")}
        copied = deep_copy(METER, value)
        copied["a"].append("y")
        self.assertEqual(value["a"], ["x"])
        self.assertEqual((copied["a"].elem, copied["b"].elem), ("string", "string"))

    def test_own_data(self):
        """A template that changes maps leaves those that it was given as they are."""
        shared = {"rows": [{"a": "x"}], "n": {"b": "y"}}
        rows = '{{range .rows}}{{$_ := set . "a" "-"}}{{.a}}{{end}}{{.n}}'
        for change in ('set .n "b" "-"', 'unset .n "b"', 'merge .n (dict "c" "-")'):
            for data in (shared, Record("R", shared, interfaces=("n", "rows"))):
                source = f"{{{{$_ := {change}}}}}" + rows
                made = compile_templates({"t": source}).render("t", data)
                self.assertIn("-", made)
                self.assertEqual(shared, {"rows": [{"a": "x"}], "n": {"b": "y"}})

    def test_large_data(self):
        """Data with more items than deepCopy takes can still be changed by its template."""
        templates = compile_templates({"t": '{{$_ := set . "a" 1}}{{len .rows}}'})
        self.assertEqual(templates.render("t", {"rows": [1] * 300_000}), "300000")

    def test_cycles_are_refused(self):
        """A list that holds itself is neither copied nor compared."""
        value = []
        value.append(value)
        for work in (lambda: deep_copy(METER, value), lambda: deep_equal(METER, value, value)):
            with self.assertRaises(CallFault):
                work()
