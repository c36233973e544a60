import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.encodings import BROTLI
from clace.errors import SourceError
from clace.metadata.contents import PLAIN, packed
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

    def test_refuses_other_bytes(self):
        """Bytes that are not those of the hash are refused by the file's name."""
        error = self.assertRaises(SourceError, packed, ref_of(b"one"), b"two")
        self.assertEqual(error.message, "file a changed while it was read")
