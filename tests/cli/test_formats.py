"""Tests for ``clace.cli.formats``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.cli.formats import columns, lines, pretty, rendered
from clace.errors import BadRequest


class FormatsTests(SynchronousTestCase):
    def test_rendered(self):
        """Things are rendered as the format says; one that there is not names those there are."""
        formats = {"a": lambda things: f"{len(things)}", "b": str}
        self.assertEqual(rendered([1, 2], "a", formats), "2")
        error = self.assertRaises(BadRequest, rendered, [], "c", formats)
        self.assertEqual(error.message, 'invalid format "c": valid options are a, b')

    def test_columns(self):
        """Cells are as wide as their columns, the last as it is; nothing trails."""
        self.assertEqual(columns([("a", "b", "c"), ("1", "", "")], (3, 2)), "a   b  c\n1\n")
        self.assertEqual(lines(()), "")

    def test_pretty(self):
        """JSON by two spaces."""
        self.assertEqual(pretty({"a": [1]}), '{\n  "a": [\n    1\n  ]\n}')
