"""Tests for ``clace.gotemplate.go.json``."""

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.go.json import JSONFault, indented, marshal
from clace.gotemplate.go.json_read import unmarshal

values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class JSONTests(SynchronousTestCase):
    @given(values)
    def test_reads_back(self, value):
        """What was written is read by us and by Python, compact or indented."""
        text = marshal(value)
        self.assertEqual(json.loads(indented(text)), json.loads(text))
        self.assertEqual(unmarshal(text), json.loads(text, parse_int=float))

    @given(values)
    def test_is_safe_in_html(self, value):
        """Nothing in the text can end a script."""
        self.assertNotRegex(marshal(value), "[<>&\u2028\u2029]")

    @given(st.text('[]{},:"\\\\tfn0123456789.eE+- \n'))
    def test_agrees_on_what_is_json(self, text):
        """What Python reads, we read, but for its special numbers."""
        try:
            expected = json.loads(text, parse_int=float)
        except ValueError:
            expected = None
        try:
            self.assertEqual(unmarshal(text), expected)
        except JSONFault:
            self.assertTrue(expected is None or "inf" in repr(expected))
