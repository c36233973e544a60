"""Tests for ``clace.gotemplate.go.regex``; the corpus has what Go finds."""

import contextlib
import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.faults import CallFault, LimitFault
from clace.gotemplate.go.regex import Regex, compiled
from clace.gotemplate.limits import Limits, Meter

HARMLESS = 4.0
"""Seconds that one search may take at the worst."""


def meter():
    return Meter(Limits())


class RegexTests(SynchronousTestCase):
    def find(self, pattern, text):
        found = Regex(pattern).search(text, 0, meter())
        return None if found is None else text[found[0] : found[1]]

    def test_leftmost_first(self):
        """Of several matches at one place the first alternative wins."""
        self.assertEqual(self.find("a|ab", "xab"), "a")
        self.assertEqual(self.find("a+?b*", "aabb"), "a")

    def test_begins_with_an_assertion(self):
        """An assertion that does not hold at the start may hold further on."""
        self.assertEqual(self.find(r"\bfoo", " foo"), "foo")
        self.assertEqual(self.find("(?m)^x", "a\nx"), "x")
        self.assertEqual(self.find("$", "a"), "")

    def test_never_splits_a_character(self):
        """No match lies inside of a character, though RE2 finds some there."""
        for text in ("a\u00e9", "\u00e9\u00e9", "\U0001f600a"):
            for found in Regex(r"\B").matches(text, meter()):
                self.assertLessEqual(found[1], len(text), ascii(text))
        self.assertEqual([found[0] for found in Regex(r"\B").matches("a\u00e9b", meter())], [])

    def test_bytes_that_are_no_text(self):
        """A byte that is not UTF-8 is one character, and stays as it was."""
        self.assertEqual(self.find(".$", "caf\udce9"), "\udce9")

    def test_expands_groups(self):
        """Replacements name groups by number and by name."""
        regex = Regex("(?P<first>a)(b)?")
        found = regex.search("a", 0, meter())
        self.assertEqual(regex.expand("$first-${2}-$$-$0", "a", found), "a--$-a")

    @given(st.text("ab*+?()[]{}|^$.\\\\-1,:=<P>QdwBC\u00e9\udcff"), st.text("ab1\u00e9\udcff"))
    def test_any_pattern_matches_or_is_refused(self, pattern, text):
        """A pattern is a program or an error; its matches lie in the text, one after another."""
        try:
            regex = Regex(pattern)
        except CallFault:
            return
        end = 0
        for found in regex.matches(text, meter()):
            self.assertLessEqual(end, found[0])
            self.assertLessEqual(found[0], found[1])
            end = found[1]
        self.assertLessEqual(end, len(text))
        self.assertEqual(regex.replace(text, lambda at: text[at[0] : at[1]], meter()), text)


class CostTests(SynchronousTestCase):
    def cost(self, pattern, text):
        """The seconds of a search, found or refused."""
        start = time.process_time()
        with contextlib.suppress(CallFault, LimitFault):
            compiled(pattern, meter()).search(text, 0, meter())
        return time.process_time() - start

    def test_no_pattern_runs_wild(self):
        """One search takes seconds at the worst: a product that is too large is refused."""
        for pattern in (r"(a|b)*a(a|b){200}c", r"(a|b)*a(a|b){20}c", r"(\pL|b)*a(\pL|b){99}c"):
            for text in ("ab" * 100_000, "ab" * 500, "ab" * 4_000_000):
                self.assertLess(self.cost(pattern, text), HARMLESS, f"{pattern} {len(text)}")

    def test_refuses_large_programs(self):
        """Neither repeats of repeats nor a long pattern fill the memory."""
        for pattern in ("((a{100}){10}){2}", "(" * 300 + ")" * 300, r"\pL{1000}", "a" * 200_000):
            with self.assertRaises(CallFault, msg=pattern[:20]):
                Regex(pattern)

    def test_many_searches_meet_the_clock(self):
        """Searches that each look at all that is left end with the time of the render."""
        now = [0.0]

        def clock():
            now[0] += 0.1
            return now[0]

        limited = Meter(Limits(seconds=1), clock)
        with self.assertRaises(LimitFault):
            list(Regex("x.*y|x").matches("x" * 50, limited))

    def test_compiling_meets_the_clock(self):
        """Patterns that are large or too large are compiled while there is time."""
        now = iter(range(100))
        limited = Meter(Limits(seconds=5), lambda: next(now))
        with self.assertRaises(LimitFault):
            for _ in range(9):
                with contextlib.suppress(CallFault):
                    compiled(r"\pL{1000}", limited)


class GoTests(SynchronousTestCase):
    def refusal(self, pattern):
        return str(self.assertRaises(CallFault, Regex, pattern))

    def test_refuses_what_go_refuses(self):
        """RE2 would take these; Go does not."""
        for pattern, expected in (
            (r"a\Cb", r"invalid escape sequence: `\C`"),
            ("(?P<\u00e9>a)", "invalid named capture: `(?P<\u00e9>`"),
            ("a{9999999999}", "invalid repeat count: `{9999999999}`"),
            ("a\udcff", "invalid UTF-8: `\udcff`"),
            ("(" * 1001 + ")" * 1001, "expression nests too deeply: `(((("),
        ):
            said = self.refusal(pattern)
            self.assertTrue(said.startswith(f"error parsing regexp: {expected}"), said)

    def test_the_first_error_is_named(self):
        """An error before a piece that only Go refuses is the one that is named."""
        self.assertIn("invalid nested repetition operator: `**`", self.refusal(r"a**\C"))
        self.assertIn("invalid escape sequence: `\\C`", self.refusal(r"(\C**"))

    def test_quoted_and_in_a_class(self):
        """A piece that is quoted, escaped or in a class means itself."""
        self.assertTrue(Regex(r"\Q\C(?P<->\E\\C[(?P<->{9999999999}]").size)
