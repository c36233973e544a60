"""Tests for ``clace.gotemplate.go.printing``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.go.printing import sprint, sprintln, text_of
from clace.gotemplate.go.values import Record


class PrintingTests(SynchronousTestCase):
    def test_spaces(self):
        """Values have a space between them unless one is text."""
        self.assertEqual(sprint([1, 2, "a", 3, None]), "1 2a3 <nil>")
        self.assertEqual(sprintln(["a", 1]), "a 1\n")

    def test_nested(self):
        """Maps print in key order, structs as their fields."""
        value = {"b": [1.0, None], "a": Record("T", {"X": True, "Y": "z"})}
        self.assertEqual(text_of(value), "map[a:{true z} b:[1 <nil>]]")
