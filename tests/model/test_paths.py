"""Tests for ``clace.model.paths``."""

import contextlib
import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import InvalidGlob, InvalidPath
from clace.model.paths import AppGlob, AppPath, is_glob
from tests.model.strategies import addresses, paths


class AppPathTests(SynchronousTestCase):
    def test_parse(self):
        """An address is read as operators write it."""
        for text, path, domain in [
            ("/", "/", ""),
            ("/a/b/", "/a/b", ""),
            ("", "/", ""),
            ("/aX/", "/aX", ""),
            ("Tools.example.com:/a", "/a", "tools.example.com"),
            ("tools.example.com:", "/", "tools.example.com"),
            ("x.:/a", "/a", "x.localhost"),
        ]:
            self.assertEqual(AppPath.parse(text, "localhost"), AppPath(path, domain), text)

    def test_refuses_what_is_no_address(self):
        """Two colons and a relative path are refused with the text in the message."""
        for text in ("a:b:/c", "a", "x.com:y"):
            error = self.assertRaises(InvalidPath, AppPath.parse, text)
            self.assertIn(text, error.message)

    def test_refuses_addresses_no_app_may_have(self):
        """Parent folders, staging names, control characters and the server's own are not free."""
        for text in (
            "/a/../b",
            "/./a",
            "/a/..",
            "/a//b",
            "/a_cl_stage",
            "/a b",
            "/a\x00",
            "/a?b",
            "/a%2fb",
            "/_clace",
            "/_clace/x",
            "/_clace_app",
            "/_openrun_app",
            "bad_domain!:/a",
        ):
            self.assertRaises(InvalidPath, AppPath.parse(text).check_installable)

    @given(addresses)
    def test_round_trip(self, address):
        """What is printed can be read again."""
        self.assertEqual(AppPath.parse(str(address)), address)

    @given(addresses, addresses)
    def test_overlap_is_mutual(self, one, other):
        """Overlap does not depend on the order and holds for an address and itself."""
        self.assertEqual(one.overlaps(other), other.overlaps(one))
        self.assertTrue(one.overlaps(one))

    def test_covers_what_lies_below(self):
        """An app has its own path and all below it; one at the root has every path."""
        for path, request, is_covered in (
            ("/", "/", True),
            ("/", "/a/b", True),
            ("/a", "/a", True),
            ("/a", "/a/b", True),
            ("/a", "/", False),
            ("/a", "/ab", False),
            ("/a/b", "/a", False),
        ):
            self.assertIs(AppPath.parse(path).covers(request), is_covered)

    def test_overlap_is_by_segment(self):
        """``/te`` and ``/test`` are neighbours, ``/test/x`` lies below ``/test``."""
        self.assertFalse(AppPath("/te").overlaps(AppPath("/test")))
        self.assertTrue(AppPath("/test/x").overlaps(AppPath("/test")))
        self.assertTrue(AppPath("/test").overlaps(AppPath("/test/x")))
        self.assertFalse(AppPath("/").overlaps(AppPath("/test")))
        self.assertTrue(AppPath("/").overlaps(AppPath("/")))
        self.assertFalse(AppPath("/").overlaps(AppPath("/", "x.com")))

    def test_domains_do_not_overlap(self):
        """The same path on two domains is two addresses."""
        for below in ("/a", "/a/b"):
            self.assertFalse(AppPath("/a", "x.com").overlaps(AppPath(below, "y.com")))
            self.assertFalse(AppPath("/a").overlaps(AppPath(below, "x.com")))
            self.assertTrue(AppPath("/a", "x.com").overlaps(AppPath(below, "x.com")))

    def test_twins(self):
        """A twin lives beside its app, on the same domain, and its app is found again."""
        for text, staging, preview in (
            ("/a/b", "/a/b_cl_stage", "/a/b_cl_preview_v1.0-rc-1"),
            ("x.com:/a", "x.com:/a_cl_stage", "x.com:/a_cl_preview_v1.0-rc-1"),
            ("/", "/_cl_stage", "/_cl_preview_v1.0-rc-1"),
        ):
            main = AppPath.parse(text)
            twins = main.staging, main.preview("v1.0/rc 1")
            self.assertEqual(tuple(map(str, twins)), (staging, preview))
            for twin in (*twins, main):
                self.assertEqual(twin.production, main)
                if twin is not main:
                    self.assertRaises(InvalidPath, twin.check_installable)

    def test_upward(self):
        """The path comes first, then those above it; the root lies above none."""
        self.assertEqual(AppPath("/a/b/c").upward, ("/a/b/c", "/a/b", "/a"))
        self.assertEqual(AppPath("/").upward, ("/",))

    @given(st.text(max_size=40))
    def test_any_text_is_read_or_refused(self, text):
        """No text raises anything but the refusal."""
        with contextlib.suppress(InvalidPath):
            AppPath.parse(text).check_installable()

    def test_says_why_it_cannot_be_installed(self):
        """A refusal says what of the path is wrong; a path that has none of it can be installed."""
        for text, why in (
            ("/a/../b", "it has a character or part not allowed"),
            ("/a/b_cl_c", "the last part cannot contain _cl_"),
            ("/_clace/x", "it is reserved for the server"),
            ("-a.example:/x", "'-a.example' is not a domain name"),
            ("/" + "a" * 700, "it has more than 700 characters"),
        ):
            refused = self.assertRaises(InvalidPath, AppPath.parse(text).check_installable)
            shown = text if len(text) <= 40 else f"{text[:40]}..."
            self.assertEqual(refused.message, f"invalid app path {shown}, {why}")
        for text in ("/a_cl_b/c", "a.example:/x", "/x", "/", "/" + "a" * 699):
            AppPath.parse(text).check_installable()


class AppGlobTests(SynchronousTestCase):
    def test_linear(self):
        """A glob and a path that were made to be tried in very many ways take no time."""
        path = AppPath.parse("/a" * 200 + "/c")
        began = time.process_time()
        for glob in ("/" + "**/a/" * 40 + "b", "/{a,a}" * 6 + "/**/a" * 40 + "/b"):
            self.assertFalse(AppGlob.parse(glob).matches(path))
        self.assertLess(time.process_time() - began, 5)

    def test_matches(self):
        """Patterns match as operators know them."""
        for pattern, address, expected in [
            ("all", "x.com:/a/b", True),
            ("ALL", "/", True),
            ("", "/a", True),
            ("*:**", "x.com:/a", True),
            ("/a", "/a", True),
            ("/a", "x.com:/a", False),
            ("/a*", "/ab", True),
            ("/a*", "/ab/c", False),
            ("/a/**", "/a/b/c", True),
            ("*", "/a", True),
            ("*", "/a/b", False),
            ("**", "/a/b", True),
            ("**", "x.com:/a", False),
            ("x.com:**", "x.com:/a/b", True),
            ("x.com:", "x.com:/", True),
            ("{x,y}.com:/a", "y.com:/a", True),
            ("*:/a*", "/ab", True),
            ("*:/a*", "x.com:/ab", True),
            ("*:/a*", "a.b.x.com:/ab", True),
            ("*.com:/a", "/a", False),
            ("/[!a]", "/b", True),
            ("/{a,b/{c,d}}", "/b/c", True),
            ("*.com:/a", "y.com:/a", True),
            ("/[ab]", "/b", True),
        ]:
            matched = AppGlob.parse(pattern).matches(AppPath.parse(address))
            self.assertEqual(matched, expected, (pattern, address))

    @given(addresses)
    def test_plain_address_matches_itself(self, address):
        """An address without wildcards is a glob for exactly itself."""
        self.assertTrue(AppGlob.parse(str(address)).matches(address))

    @given(st.text(max_size=40), paths)
    def test_any_text_is_read_or_refused(self, text, path):
        """No pattern raises anything but the refusal, in reading or in matching."""
        with contextlib.suppress(InvalidGlob):
            AppGlob.parse(text).matches(AppPath(path))

    def test_text(self):
        """A glob is shown as it was written; nothing is written for everything."""
        for text, shown in (
            ("", "all"),
            ("All", "All"),
            ("*:**", "*:**"),
            ("x.com:/a/", "x.com:/a/"),
        ):
            self.assertEqual(str(AppGlob.parse(text)), shown)

    def test_literal(self):
        """Only a pattern without wildcards, in either part, is the address of one app."""
        for text, is_literal in (
            ("/a", True),
            ("x.com:/a", True),
            ("/a*", False),
            ("*.com:/a", False),
            ("all", False),
            ("/[a]", False),
        ):
            self.assertIs(AppGlob.parse(text).is_literal, is_literal, text)
            self.assertIs(is_glob(text), not is_literal and text != "all", text)

    def test_refusals(self):
        """What is no glob is refused with the text, and with what is wrong with it."""
        for text, why in (
            ("a:b:/c", 'expected one ":"'),
            ("a", 'expected path to start with "/"'),
            ("x.com:a", 'expected path to start with "/"'),
        ):
            refused = self.assertRaises(InvalidGlob, AppGlob.parse, text)
            self.assertEqual(refused.message, f"invalid path glob {text}, {why}")
        for half in ("/[a", "/a]", "/{a", "/a}", "/a\\", "x{.com:/a"):
            refused = self.assertRaises(InvalidGlob, AppGlob.parse, half)
            self.assertIn(f"invalid path glob {half}: ", refused.message)
            self.assertIn("is without its other half", refused.message)

    def test_ends(self):
        """A slash at the end is not part of a path, and an escaped wildcard is none."""
        for pattern, address, expected in (
            ("/a/", "/a", True),
            ("x.com:/", "x.com:/", True),
            ("/", "/", True),
            ("/", "/a", False),
            ("/a\\*", "/ab", False),
            ("/a\\*", "/a*", True),
        ):
            self.assertIs(AppGlob.parse(pattern).matches(AppPath.parse(address)), expected, pattern)

    def test_sizes(self):
        """A glob may have so many characters, and expand to so many, and no more."""
        AppGlob.parse("/" + "a" * 1023)
        refused = self.assertRaises(InvalidGlob, AppGlob.parse, "/" + "a" * 1024)
        self.assertIn("aaa..., it has more than 1024 characters", refused.message)
        hundred = ",".join(map(str, range(100)))
        self.assertTrue(AppGlob.parse(f"/{{{hundred}}}").matches(AppPath("/99")))
        refused = self.assertRaises(InvalidGlob, AppGlob.parse, f"/{{{hundred},100}}")
        self.assertIn("invalid path glob /{0,1,", refused.message)

    def test_refuses_brace_bombs(self):
        """A pattern that expands to too many is refused, not expanded."""
        self.assertRaises(InvalidGlob, AppGlob.parse, "/" + "{a,b,c,d}" * 8)
