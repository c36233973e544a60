"""Tests for ``clace.web.pages.negotiation``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyRequest

from clace.web.pages import MediaType, preferred

CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)


def asked(accept, **headers):
    request = DummyRequest([b""])
    if accept is not None:
        request.requestHeaders.setRawHeaders("accept", [accept])
    for name, value in headers.items():
        request.requestHeaders.setRawHeaders(name.replace("_", "-"), [value])
    return request


class PreferredTests(SynchronousTestCase):
    def test_clients(self):
        """Browsers get pages, scripts JSON if they ask for it, and all others text."""
        for accept, expected in (
            (CHROMIUM, MediaType.HTML),
            ("text/html", MediaType.HTML),
            ("application/json", MediaType.JSON),
            ("application/json, text/html;q=0.5", MediaType.JSON),
            ("text/html;q=0, */*;q=0.1", MediaType.TEXT),
            ("*/*", MediaType.TEXT),
            ("image/avif,image/*", MediaType.TEXT),
            ("", MediaType.TEXT),
            (None, MediaType.TEXT),
            ("text/html," * 1000, MediaType.TEXT),
        ):
            self.assertIs(preferred(asked(accept)), expected, accept)

    def test_htmx(self):
        """A request of HTMX gets text, whatever it accepts: it shows no whole page."""
        self.assertIs(preferred(asked(CHROMIUM, hx_request="true")), MediaType.TEXT)

    def test_default(self):
        """A client without a wish gets JSON in places that usually say JSON; a browser, a page."""
        for accept, expected in (("*/*", MediaType.JSON), (CHROMIUM, MediaType.HTML)):
            self.assertIs(preferred(asked(accept), MediaType.JSON), expected)

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
    def test_any(self, accept):
        """Whatever a client sends, it is answered in one of the types."""
        self.assertIn(preferred(asked(accept)), MediaType)
