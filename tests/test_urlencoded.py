"""Tests for ``clace.urlencoded``."""

import time
import tracemalloc
from urllib.parse import parse_qsl, unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.urlencoded import pairs, unescaped

MEGABYTE = 1_000_000
ESCAPES = (b"%", b"%4", b"%zz", b"%%4", b"%41", b"%41a", b"%e4%b8ab")
PARTS = st.sampled_from([b"%", b"%4", b"%41", b"%2b", b"%26", b"%zz", b"a", b"=", b"+", b"\xff"])


class UnescapedTests(SynchronousTestCase):
    @given(st.lists(PARTS, max_size=20).map(b"".join), st.integers(65_500, 65_540))
    def test_any(self, text, before):
        """Escapes are replaced as the standard library does, wherever they are in a long text."""
        for whole in (text, b"x" * before + text):
            self.assertEqual(unescaped(whole), unquote_to_bytes(whole))

    def test_all(self):
        """Each byte has its escapes, in large and small letters."""
        every = bytes(range(256))
        for form in ("%{:02x}", "%{:02X}"):
            text = "".join(map(form.format, every)).encode()
            self.assertEqual(unescaped(text), every)

    def test_time(self):
        """Megabytes of escapes, good or bad, cost a share of a second and a few times their size.

        In the standard library the worst of them cost four seconds and 300 MB.
        """
        for escape in ESCAPES:
            text = escape * (10 * MEGABYTE // len(escape))
            began = time.process_time()
            unescaped(text)
            self.assertLess(time.process_time() - began, 2)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for escape in ESCAPES:
            text = escape * (MEGABYTE // len(escape))
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            unescaped(text)
            self.assertLess(tracemalloc.get_traced_memory()[1] - before, 12 * MEGABYTE)


class PairsTests(SynchronousTestCase):
    @given(st.lists(PARTS | st.just(b"&"), max_size=20).map(b"".join))
    def test_any(self, encoded):
        """Fields are found as the standard library does, blank ones too."""
        wanted = parse_qsl(encoded.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        found = [tuple(text.decode("latin-1") for text in field) for field in pairs(encoded)]
        self.assertEqual(found, wanted)

    def test_no_other_separator(self):
        """A semicolon is a part of a value."""
        self.assertEqual(list(pairs(b"a=1;b=2&&c")), [(b"a", b"1;b=2"), (b"c", b"")])
