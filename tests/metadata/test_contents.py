import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.encodings import BROTLI
from clace.errors import SourceError, StoreError
from clace.metadata.contents import (
    HANDFUL_BYTES,
    PLAIN,
    FreshContents,
    Handful,
    packed,
    plain_pieces,
)
from clace.model.app import FileRef


def ref_of(whole):
    return FileRef("a", hashlib.sha256(whole).hexdigest(), len(whole))


class PackedTests(SynchronousTestCase):
    """How contents are stored."""

    @given(st.binary(max_size=300), st.integers(1, 200))
    def test_gives_back_what_it_took(self, piece, times):
        """Whatever goes in comes out, and never takes more room than it has."""
        whole = piece * times
        content = packed(ref_of(whole), whole)
        self.assertEqual(content.plain(), whole)
        self.assertEqual(content.size, len(whole))
        self.assertLessEqual(len(content.content), len(whole))

    def test_compresses_what_shrinks(self):
        """Text, small and large, and bytes that repeat are compressed."""
        for whole in (b"<li>row</li>\n" * 99, b"text " * 500_000, b"\0\1\2\3" * 999):
            self.assertEqual(packed(ref_of(whole), whole).compression, BROTLI)

    def test_leaves_what_does_not(self):
        """Bytes that do not get a tenth smaller are stored as they are."""
        noise = random.Random(1).randbytes(50_000)
        for whole in (b"", b"x", noise):
            self.assertEqual(packed(ref_of(whole), whole).compression, PLAIN)

    @given(st.binary(max_size=300), st.integers(1, 3000), st.integers(1, 100_000))
    def test_in_pieces(self, piece, times, cut):
        """Whatever is stored is read in pieces, none of which is large."""
        whole = piece * times
        content = packed(ref_of(whole), whole)
        stored = [
            content.content[start : start + cut] for start in range(0, len(content.content), cut)
        ]
        found = list(plain_pieces(content.sha256, content.compression, stored))
        self.assertEqual(b"".join(found), whole)
        self.assertLess(max(map(len, found), default=0), 1 << 19)

    def test_large_text_in_pieces(self):
        """A text that is much larger than a piece comes to its end."""
        whole = b"".join(b"const a%d = %d;\n" % (n, n * n) for n in range(200_000))
        content = packed(ref_of(whole), whole)
        for cut in (1 << 18, 10_000):
            stored = [
                content.content[start : start + cut]
                for start in range(0, len(content.content), cut)
            ]
            found = plain_pieces(content.sha256, content.compression, stored)
            self.assertEqual(b"".join(found), whole)

    def test_damaged_pieces(self):
        """Bytes that are not what was put in are an error at the end, and no endless loop."""
        whole = b"text " * 1000
        content = packed(ref_of(whole), whole)
        for stored in ([], [b"\0"], [content.content[:-1]], [content.content, b"more"]):
            pieces = plain_pieces(content.sha256, content.compression, stored)
            self.assertRaises(StoreError, list, pieces)

    def test_refuses_other_bytes(self):
        """Bytes that are not those of the hash are refused by the file's name."""
        error = self.assertRaises(SourceError, packed, ref_of(b"one"), b"two")
        self.assertEqual(error.message, "file a changed while it was read")


def handful(*files):
    found = Handful()
    for ref, whole in files:
        found.add(ref, whole)
    return found


class HandfulTests(SynchronousTestCase):
    """Files that are given to a thread at once."""

    def test_full(self):
        """It is full with many files, or with large ones."""
        many, large = Handful(), Handful()
        for number in range(100):
            self.assertFalse(many.is_full)
            many.add(ref_of(b"%d" % number), b"%d" % number)
        self.assertTrue(many.is_full)
        large.add(ref_of(b"x"), bytes(HANDFUL_BYTES))
        self.assertTrue(large.is_full)


class FreshTests(SynchronousTestCase):
    """Contents on their way into the store."""

    @given(st.lists(st.tuples(st.binary(max_size=50), st.integers(1, 1_000_000)), max_size=5))
    def test_gives_back_what_it_took(self, pieces):
        """Each is there as it was packed, however many and large they are, in any order."""
        wholes = {ref_of(piece * times): piece * times for piece, times in pieces}
        fresh = FreshContents()
        for ref, whole in wholes.items():
            fresh.pack(handful((ref, whole)))
        self.assertEqual(set(fresh), {ref.sha256 for ref in wholes})
        for ref, whole in reversed(wholes.items()):
            self.assertEqual(fresh[ref.sha256], packed(ref, whole))

    def test_refuses_what_has_changed(self):
        """Bytes that are not those of the file are not taken."""
        fresh = FreshContents()
        with self.assertRaises(SourceError):
            fresh.pack(handful((ref_of(b"a"), b"b")))
        self.assertEqual(len(fresh), 0)
