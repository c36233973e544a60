"""Redirects of git hosts, told from the trace of a request."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SourceError
from clace.sources.git_redirects import is_redirected, leads_to
from clace.sources.places import parse

REFS = "/info/refs?service=git-upload-pack"


def traced(*locations):
    lines = (f"12:00:00.000000 http.c:725 <= Recv header: Location: {one}\n" for one in locations)
    return "".join(lines).encode()


class RedirectTests(SynchronousTestCase):
    def test_same_host(self):
        """Another path of the host, its HTTPS, and its port if that is said, are followed."""
        for before, location, after in (
            ("http://a.test/o/r", f"https://a.test/o/r{REFS}", "https://a.test/o/r"),
            ("http://a.test:80/o/r", f"https://a.test:443/o/r{REFS}", "https://a.test:443/o/r"),
            ("https://a.test/o/r", f"https://a.test/o/r.git{REFS}", "https://a.test/o/r.git"),
            ("https://a.test/o/r", f"https://A.TEST:443/n{REFS}", "https://A.TEST:443/n"),
            ("https://a.test:8443/o/r", f"/g/p{REFS}", "https://a.test:8443/g/p"),
            ("https://[2001:db8::1]/o/r", f"//[2001:db8::1]/n{REFS}", "https://[2001:db8::1]/n"),
        ):
            place = parse(f"{before}//folder")
            found = leads_to(place, traced("https://evil.test/", location))
            self.assertEqual((found.url, found.folder), (after, "folder"), location)

    def test_elsewhere(self):
        """All else is refused, and named without a password."""
        for location in (
            f"https://b.test/o/r{REFS}",
            f"http://a.test/o/r{REFS}",
            f"https://a.test:8443/o/r{REFS}",
            f"https://user:hunter2@a.test/o/r{REFS}",
            f"https://a.test@b.test/o/r{REFS}",
            f"https://a.test.b.test/o/r{REFS}",
            f"https://a.test\\@b.test/o/r{REFS}",
            f"https://a.test/../-x{REFS}",
            f"ssh://a.test/o/r{REFS}",
            "https://a.test/sign_in",
            f"https://a.test:99999/o/r{REFS}",
        ):
            error = self.assertRaises(
                SourceError, leads_to, parse("https://a.test/o/r"), traced(location)
            )
            self.assertIn("if you mean that, name it as the source", error.message, location)
            self.assertNotIn("hunter2", error.message)
        error = self.assertRaises(SourceError, leads_to, parse("https://a.test/o/r"), b"")
        self.assertIn("a place that it does not name", error.message)

    @given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
    def test_any(self, text):
        """Whatever a host answers, git is sent to the same host or nowhere."""
        for location in (text, f"{text}{REFS}", f"https://a.test{text}{REFS}"):
            try:
                found = leads_to(parse("https://a.test/o/r"), traced(location))
            except SourceError:
                continue
            self.assertRegex(found.url.lower(), r"\Ahttps://a\.test(:0*443)?/")

    def test_known_by_its_words(self):
        """Git's own words for it are known, and no other error."""
        said = "unable to access 'https://a.test/o/r/': The requested URL returned error: {}"
        for status in (301, 302, 303, 307, 308):
            self.assertTrue(is_redirected(said.format(status)))
        for status in (300, 304, 401, 404, 500):
            self.assertFalse(is_redirected(said.format(status)))
