"""Tests for ``clace.gotemplate.go.url``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.url import escape, parse, unescape


class URLTests(SynchronousTestCase):
    @given(st.text(), st.sampled_from(("path", "segment", "query", "user", "fragment")))
    def test_escaping_is_undone(self, text, mode):
        """What was escaped is unescaped."""
        text = text.encode("utf-8", "replace").decode()
        self.assertEqual(unescape(escape(text, mode), mode), text)

    @given(st.text("ab:/?#[]@%20!&=.-1é"))
    def test_any_text_parses_or_is_refused(self, text):
        """A text is a URL whose text is a URL again, or is refused."""
        try:
            url = parse(text)
        except CallFault:
            return
        self.assertEqual(str(parse(str(url))), str(url))
