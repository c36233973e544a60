"""Tests for ``clace.gotemplate.escaping.escapers``."""

import html
import json
import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import compile_templates
from clace.gotemplate.escaping import escapers_css, escapers_html, escapers_js, escapers_url
from clace.gotemplate.go.values import CSS, HTML, JS, URL, HTMLAttr, JSStr, Srcset

ESCAPERS = (
    escapers_css.css_string,
    escapers_css.css_value,
    escapers_html.attribute_value,
    escapers_html.html_attribute,
    escapers_html.html_name,
    escapers_html.html_nospace,
    escapers_html.html_rcdata,
    escapers_html.html_text,
    escapers_html.html_value,
    escapers_html.rcdata_value,
    escapers_js.js_regexp,
    escapers_js.js_string,
    escapers_js.js_template,
    escapers_js.js_value,
    escapers_url.srcset,
    escapers_url.url_escape,
    escapers_url.url_filter,
    escapers_url.url_normalize,
)

texts = st.text() | st.sampled_from(("</script>", "javascript:x", "'\"<&>+=`", "\\\\", "]]>", "--"))
PAGE = compile_templates(
    {
        "text": "{{.}}",
        "attribute": '<p title="{{.}}">',
        "unquoted": "<p title={{.}}>",
        "value": "<script>{{.}}</script>",
        "string": "<script>'{{.}}'</script>",
        "query": '<a href="?q={{.}}">',
        "link": '<a href="{{.}}">',
        "css": "<style>p { color: {{.}} }</style>",
        "name": "<p {{.}}=x>",
    }
)


def piece(name, value):
    """What an action alone writes in its context."""
    text = PAGE.render(name, value)
    before, _, after = {
        "text": "|",
        "attribute": '<p title="|">',
        "unquoted": "<p title=|>",
        "value": "<script>|</script>",
        "string": "<script>'|'</script>",
        "query": '<a href="?q=|">',
        "link": '<a href="|">',
        "css": "<style>p { color: | }</style>",
        "name": "<p |=x>",
    }[name].partition("|")
    return text[len(before) : len(text) - len(after)]


class EscaperTests(SynchronousTestCase):
    @given(texts)
    def test_text_reads_back(self, value):
        """A browser reads the text that was given, and no tag."""
        for name in ("text", "attribute"):
            shown = piece(name, value)
            self.assertNotRegex(shown, "[<>\"']")
            clean = value.encode("utf-8", "replace").decode()
            if not re.search("[\0-\x1f\x7f-\x9f\ud800-\udfff]", value):
                self.assertEqual(html.unescape(shown), clean)

    @given(texts)
    def test_unquoted_values_stay_one(self, value):
        """An unquoted attribute value holds nothing that would end it."""
        self.assertNotRegex(piece("unquoted", value), "[\\t\\n\\v\\f\\r \"'`=<>]")

    @given(st.recursive(texts | st.integers(-9, 9) | st.none(), st.lists))
    def test_script_values_are_json(self, value):
        """A value in a script is JSON that cannot end the script."""
        shown = piece("value", value)
        self.assertNotRegex(shown, "[<>\u2028\u2029]")
        json.loads(shown)

    @given(texts)
    def test_script_strings_stay_inside(self, value):
        """A value in a string of a script does not end it."""
        shown = piece("string", value)
        self.assertNotRegex(re.sub(r"\\\\.", "", shown), "['\"`<>\n\r\u2028\u2029]")

    @given(texts)
    def test_urls_have_safe_schemes(self, value):
        """A link leads nowhere but to pages and mail."""
        shown = html.unescape(piece("link", value)).lower()
        scheme = shown.partition(":")[0] if ":" in shown.partition("/")[0] else ""
        self.assertIn(scheme, ("", "http", "https", "mailto", "http\u017f"))
        self.assertNotRegex(piece("query", value), "[&#<>\"' ]")

    @given(texts)
    def test_css_and_names_are_harmless(self, value):
        """A style value stays a value, and a name a name."""
        self.assertNotRegex(piece("css", value), "[<>{};()\"'@]")
        self.assertRegex(piece("name", value), r"\A[0-9A-Za-z]+\Z")


class PlainTests(SynchronousTestCase):
    """Tests that spare a text its escapers."""

    @given(st.text(alphabet="aZ0-._~!#$*,/:;=?@[]&%+'<\0é ") | texts)
    def test_spared_texts_need_no_escaper(self, value):
        """A text that passes a quick test is the same after every escaper that it is spared."""
        normalized = escapers_url.url_normalize(escapers_url.url_filter(value))
        if escapers_url.plain_url(value):
            self.assertEqual(escapers_html.html_attribute(normalized), value)
        if escapers_url.plain_word(value):
            self.assertEqual(escapers_html.html_attribute(escapers_url.url_escape(value)), value)

    def test_usual_links_are_spared(self):
        """Paths, queries and addresses of pages pass; what could run script does not."""
        for link in ("/app/page", "page?x=1", "https://example.com:80/a?b=c#d", "//host/", ""):
            self.assertTrue(escapers_url.plain_url(link), link)
        for link in ("javascript:x", "javascript:/x", "data:/x", "ftp:/x", "a b", "/a&b", "x:/\n"):
            self.assertFalse(escapers_url.plain_url(link), link)

    def test_numbers_and_truth_in_attributes(self):
        """A value that is no text is shown in an attribute as it is in a page."""
        for value, shown in ((7, "7"), (True, "true"), (None, ""), (1.5, "1.5"), (["<"], "[&lt;]")):
            self.assertEqual(piece("attribute", value), shown)


class ContentTests(SynchronousTestCase):
    def test_trust_ends_at_the_first_escaper(self):
        """What an escaper returns is plain text, so the next one does not trust it."""
        kinds = (CSS, HTML, HTMLAttr, JS, JSStr, Srcset, URL)
        for escaper in ESCAPERS:
            for kind in kinds:
                for text in ("", "a", "<b>", "x y"):
                    self.assertIs(type(escaper(kind(text))), str, (escaper, kind, text))
