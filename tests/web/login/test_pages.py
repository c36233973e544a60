"""Pages to sign in as HTML."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.interfaces import Departure
from clace.web.login import pages
from tests.support.sign_in import MemoryProvider, OneAccount, ways_of

BREAKS_OUT = "</p></form></main><script>x</script>\"' onfocus=x autofocus <input name=a>"


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes, and the values by name."""

    def __init__(self, answer):
        super().__init__()
        self.found, self.values = [], {}
        self.feed(answer.body.decode())

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, [name for name, _ in attrs]))
        given = dict(attrs)
        if "name" in given:
            self.values[given["name"]] = given.get("value")


def page(text, **fields):
    ways = ways_of(OneAccount(), OneAccount("builtin", title=text), MemoryProvider(title=text))
    whole = {"state": text, "ways": ways, "origin": f"https://{text}", "error": f"no {text}"}
    return pages.sign_in_page(
        pages.SignInPage(**whole | {"user": text, "chosen": "system"} | fields)
    )


class PageTests(SynchronousTestCase):
    @given(st.text(max_size=30))
    def test_escapes(self, text):
        """Whatever a name, a host or a title is, the elements and attributes are the same."""
        plain, hostile = Elements(page("a")), Elements(page(text + BREAKS_OUT))
        self.assertEqual(hostile.found, plain.found)
        self.assertNotIn("script", [tag for tag, _ in hostile.found])

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
    def test_fields_of_providers(self, text):
        """A form for a provider has exactly its fields, with their values."""
        fields = (("SAMLRequest", text + BREAKS_OUT), ("RelayState", text))
        answer = pages.departure_page(Departure("https://idp.example/a?b", fields), "A", "Go on")
        for name, value in fields:
            self.assertEqual(Elements(answer).values[name], value)
        self.assertNotIn("script", [tag for tag, _ in Elements(answer).found])

    def test_where_forms_lead(self):
        """The form to sign in leads here and to the app; one for a provider leads there alone."""

        def policy(answer):
            return dict(answer.headers)["Content-Security-Policy"]

        self.assertIn("form-action 'self' https://a;", policy(page("a")))
        for url in ("https://idp.example:8443/a?b", "https://idp.example:8443?/a"):
            answer = pages.departure_page(Departure(url, (("x", "y"),)), "A", "Go on")
            self.assertIn("form-action https://idp.example:8443;", policy(answer))
        for each in (page("a"), answer):
            self.assertIn("default-src 'none'", policy(each))
            self.assertIn("frame-ancestors 'none'", policy(each))

    def test_for_everybody(self):
        """Fields have labels and names that password managers know; an error belongs to a field."""
        found = Elements(page("a"))
        inputs = [names for tag, names in found.found if tag == "input" and "required" in names]
        self.assertEqual(len(inputs), 4)
        for names in inputs:
            self.assertIn("autocomplete", names)
        marked = ["aria-invalid" in names for names in inputs]
        self.assertEqual(marked, [True, True, False, False])
        tags = [tag for tag, _ in found.found]
        self.assertEqual(tags.count("label"), 4)
        self.assertEqual([tag for tag in tags if tag in {"h1", "h2"}], ["h1", "h2", "h2"])
