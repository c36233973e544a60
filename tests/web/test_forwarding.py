"""Tests for ``clace.web.apps.forwarding``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.web.apps.forwarding import granted_lines, with_granted, without
from clace.web.http1.fields import HeaderFields


class GrantedTests(SynchronousTestCase):
    """Headers that forward auth gives, in the place of a client's own."""

    def test_without(self):
        """A header is taken away by its name, in any spelling; the fields of others stay theirs."""
        fields = HeaderFields(((b"X-TEAM", b"a"), (b"Accept", b"b"), (b"X_team", b"c")))
        left = without(fields, frozenset({"x-team"}))
        self.assertEqual(list(left), [(b"Accept", b"b")])
        self.assertEqual(len(fields), 3)

    def test_given(self):
        """An app finds them under the names that it knows; other requests do not have them."""
        headers = {"Accept": ["b"]}
        found = with_granted(headers, (("x-team", "a"), ("X-Team", "b")))
        self.assertEqual(found, {"Accept": ["b"], "X-Team": ["a", "b"]})
        self.assertEqual(headers, {"Accept": ["b"]})
        self.assertIs(with_granted(headers, ()), headers)

    def test_lines(self):
        """A server that requests are passed on to gets them as lines."""
        self.assertEqual(granted_lines((("X-Team", "a"), ("B", "c"))), b"X-Team: a\r\nB: c\r\n")
        self.assertEqual(granted_lines(()), b"")
