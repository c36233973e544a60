"""Tests for ``clace.gotemplate.language.methods``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.go.values import URLValues
from clace.gotemplate.language.methods import canonical, method_of, query_escape


class MethodTests(SynchronousTestCase):
    def test_headers_are_canonical(self):
        """Header names are looked up in canonical form; impossible ones as they are."""
        self.assertEqual(canonical("hx-REQUEST"), "Hx-Request")
        self.assertEqual(canonical("a b"), "a b")
        headers = URLValues({"Hx-Request": ["1"]}, header=True)
        self.assertEqual(method_of(headers, "Get").call(headers, "hx-request"), "1")

    def test_values_without_methods(self):
        """Plain data has no methods at all."""
        for value in ("text", 1, [1], {"Get": 1}, None):
            self.assertIsNone(method_of(value, "Get"))

    def test_query_escape(self):
        """Spaces become pluses, everything reserved is encoded."""
        self.assertEqual(query_escape("a b&\u00e9~"), "a+b%26%C3%A9~")
