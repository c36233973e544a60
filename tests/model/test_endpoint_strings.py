"""Tests for ``clace.model.endpoint_strings``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.endpoints import _parse
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ListenError
from clace.model.endpoint_strings import is_encrypted, layers, parse, quoted, unparse

ENDPOINTS = st.lists(st.sampled_from([":", "=", "\\", "tcp", "a", "/", "8", " "])).map("".join)


class ParseTests(SynchronousTestCase):
    @given(ENDPOINTS)
    def test_agrees_with_twisted(self, endpoint):
        """What is checked is what Twisted will open."""
        try:
            found = parse(endpoint)
        except ListenError:
            self.assertRaises((RuntimeError, StopIteration), _parse, endpoint)
            return
        arguments, keywords = _parse(endpoint)
        self.assertEqual([found.prefix, *found.arguments], arguments or [""])
        self.assertEqual(found.keywords, keywords)

    @given(st.lists(st.text(), min_size=1), st.dictionaries(st.text(), st.text()))
    def test_unparse_quotes(self, arguments, keywords):
        """Any text survives being put into an endpoint string, ``=`` and ``:`` too."""
        found = parse(unparse(arguments, keywords))
        self.assertEqual([found.prefix, *found.arguments], arguments)
        self.assertEqual(found.keywords, keywords)

    def test_values_by_name_or_place(self):
        """A parameter is found wherever the operator wrote it."""
        self.assertEqual(parse("unix:/s:600").value("mode", 1), "600")
        self.assertEqual(parse("unix:mode=600:address=/s").value("address", 0), "/s")
        self.assertIdentical(parse("unix:/s").value("mode", 1), None)

    def test_quoted(self):
        """An IPv6 address can be an interface."""
        self.assertEqual(quoted("::1"), "\\:\\:1")


class LayersTests(SynchronousTestCase):
    def test_sees_through_wrappers(self):
        """What wrapped endpoints open is seen, whatever they are wrapped in."""
        found = layers("clace-tls:/certs:haproxy:unix:/s:mode=666")
        self.assertEqual([layer.prefix for layer in found], ["clace-tls", "haproxy", "unix"])

    def test_wrapper_of_nothing(self):
        """A wrapper without an endpoint is left for its own parser to refuse."""
        self.assertEqual([layer.prefix for layer in layers("haproxy:")], ["haproxy", ""])
        self.assertEqual([layer.prefix for layer in layers("clace-tls:/c")], ["clace-tls"])

    def test_is_encrypted(self):
        """TLS anywhere on the way means HTTPS."""
        self.assertTrue(is_encrypted("haproxy:ssl:443"))
        self.assertTrue(is_encrypted("clace-tls:/certs:tcp:443"))
        self.assertFalse(is_encrypted("haproxy:tcp:80"))
