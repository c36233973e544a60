"""Pages as HTML."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.web.pages import Page, PageStep, policy
from clace.web.pages.document import document


class Elements(HTMLParser):
    """The elements of a page, and the text in them."""

    def __init__(self, page):
        super().__init__()
        self.names, self.texts = [], []
        self.feed(document(page).decode())

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


class DocumentTests(SynchronousTestCase):
    @given(st.text(), st.text(), st.text())
    def test_escapes(self, title, detail, command):
        """Whatever texts a page is made of, its elements are the same."""

        def page(*texts):
            a, b, c = texts
            step = PageStep(a, c)
            return Page(title=a, lead=b, status=c, steps=(step,), detail=b, request_id=c)

        hostile = page(
            *(f"{text}</pre></main><script>x</script>" for text in (title, detail, command))
        )
        plain = page("a", "b", "c")
        self.assertEqual(Elements(hostile).names, Elements(plain).names)
        self.assertNotIn("script", Elements(plain).names)

    def test_policy(self):
        """The style is allowed by its hash, and nothing else is; no page uses anything else."""
        text = document(Page(title="x")).decode()
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertIn(f"style-src 'sha256-{digest}';", policy())
        self.assertIn("default-src 'none';", policy())
        for word in ("unsafe", "http:", "https:", "*"):
            self.assertNotIn(word, policy())
        self.assertNotRegex(text, r"<script|<link|<img|style=|url\(|@import|\son\w+=")

    def test_for_everybody(self):
        """A page names its language, fits a phone, is light or dark, and has one heading first."""
        text = document(Page(title="Gone", lead="It is gone.", steps=(PageStep("Go."),))).decode()
        self.assertIn('<html lang="en">', text)
        self.assertIn('content="width=device-width, initial-scale=1"', text)
        self.assertIn("prefers-color-scheme: dark", text)
        names = Elements(Page(title="Gone", steps=(PageStep("Go."),))).names
        self.assertEqual(
            [name for name in names if name in {"main", "h1", "h2"}], ["main", "h1", "h2"]
        )


class LinesTests(SynchronousTestCase):
    def test_lines(self):
        """The last lines of a log are shown as they are, and only where there are some."""
        page = document(Page(title="x", lines=("22:00:00 <b>failed</b>", "before"))).decode()
        self.assertIn("<pre>22:00:00 &lt;b&gt;failed&lt;/b&gt;\nbefore</pre>", page)
        self.assertNotIn("Last lines", document(Page(title="x")).decode())
