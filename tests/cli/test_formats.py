"""Tests for ``clace.cli.formats``."""

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.cli.formats import columns, compact, lines, pretty


class FormatsTests(SynchronousTestCase):
    def test_columns(self):
        """Cells are as wide as their columns, the last as it is; nothing trails."""
        self.assertEqual(columns([("a", "b", "c"), ("1", "", "")], (3, 2)), "a   b  c\n1\n")
        self.assertEqual(lines(()), "")

    def test_pretty(self):
        """JSON by two spaces."""
        self.assertEqual(pretty({"a": [1]}), '{\n  "a": [\n    1\n  ]\n}')

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_json_drives_no_terminal(self, text):
        """JSON of any text can be printed, and reads back as that text."""
        for written in (compact([text]), pretty([text])):
            self.assertTrue(written.replace("\n", "").isprintable())
            self.assertEqual(json.loads(written), [text])
