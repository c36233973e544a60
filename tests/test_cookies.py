"""Tests for ``clace.cookies``."""

import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace import cookies

SECURE = cookies.session_cookie("github", secure=True)
PLAIN = cookies.session_cookie("github", secure=False)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=";=,"))


class CookieTests(SynchronousTestCase):
    def test_names(self):
        """Over HTTPS the name has the prefix that only this host can set, over HTTP it has not."""
        self.assertEqual(SECURE, "__Host-github_clace_session")
        self.assertEqual(PLAIN, "github_clace_session")

    def test_attributes(self):
        """A cookie is for the host alone, out of reach of scripts, and secure by its prefix."""
        self.assertEqual(
            cookies.set_cookie(SECURE, "v", 60),
            "__Host-github_clace_session=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure",
        )
        self.assertNotIn("Secure", cookies.set_cookie(PLAIN, "v", 60))

    def test_parsed(self):
        """Values are found by name, in one header or in several."""
        found = cookies.parsed([b"a=1; b=2=3;c=", b'd="x"'])
        self.assertEqual(found, {"a": "1", "b": "2=3", "c": "", "d": '"x"'})

    def test_tossed(self):
        """A name that comes twice, as from a sibling domain, is not to be trusted."""
        for header in (b"a=1; a=2", b"a=1; b=2; a=1"):
            self.assertIsNone(cookies.parsed([header])["a"])
        self.assertIsNone(cookies.parsed([b"a=1", b"a=2"])["a"])

    def test_ours(self):
        """Our cookies are known by name, whatever their prefix and case."""
        fixed = ("clace_sign_in", "__Host-clace_sign_in", "__HOST-CLACE_X", " clace_a")
        for name in (SECURE, PLAIN, *fixed):
            self.assertTrue(cookies.is_ours(name), name)
        for name in ("clace", "session", "my_clace_session_2", "xclace_a", ""):
            self.assertFalse(cookies.is_ours(name), name)

    def test_many_prefixes(self):
        """A name costs its length and no more, whatever it is made of."""
        began = time.process_time()
        for name, is_ours in (
            ("__host-" * 60_000 + "x", False),
            ("__secure-__host-" * 30_000 + "_clace_sessio" * 3, False),
            ("__host-" * 60_000 + SECURE, True),
            ("__host-" * 60_000 + "clace_x", True),
        ):
            self.assertEqual(cookies.is_ours(name), is_ours)
        self.assertLess(time.process_time() - began, 5)

    def test_nameless(self):
        """A cookie without a name comes back as its value, so the name in that counts."""
        for header in (f"={PLAIN}=v", f" = {SECURE}=v", f"=={PLAIN}=v; Path=/", f"{PLAIN}=v"):
            self.assertTrue(cookies.is_ours(cookies.name_of(header)), header)
        self.assertEqual(cookies.name_of("a=clace_x"), "a")
        self.assertEqual(cookies.others(f"a=1; ={SECURE}=s"), "a=1")

    def test_others(self):
        """An app gets the cookies that are its own, in their order."""
        header = f"a=1; {SECURE}=s; b=clace; {PLAIN}=t; clace_sign_in=n"
        self.assertEqual(cookies.others(header), "a=1; b=clace")
        self.assertEqual(cookies.others(f"{SECURE}=s"), "")
        self.assertEqual(cookies.others("a=1;b=2"), "a=1;b=2")

    @given(st.lists(st.tuples(NAMES | st.sampled_from([SECURE, PLAIN, SECURE.upper()]), NAMES)))
    def test_none_of_ours_is_left(self, pairs):
        """Whatever else is there, no cookie of ours is left, and no other is lost."""
        header = "; ".join(f"{name}={value}" for name, value in pairs)
        left = cookies.parsed([cookies.others(header).encode()])
        expected = {name for name, _ in pairs if not cookies.is_ours(name)}
        self.assertEqual(set(left), expected)

    @given(st.lists(st.binary(max_size=60), max_size=3))
    def test_any_header(self, headers):
        """Any bytes are cookies, or not."""
        found = cookies.parsed(headers)
        for name in found:
            self.assertNotIn(";", name)
