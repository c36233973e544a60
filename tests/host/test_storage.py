"""Texts as they lie in memory."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.host.sandbox.storage import ascii_bytes


class AsciiBytesTests(SynchronousTestCase):
    @given(st.text(st.characters(codec="ascii")))
    def test_any_text(self, text):
        """The bytes are those that the text is encoded to, NUL and all."""
        self.assertEqual(bytes(ascii_bytes(text)), text.encode())

    def test_read_only(self):
        """A text cannot be changed through its bytes."""
        view = ascii_bytes("abc" * 2)
        with self.assertRaises(TypeError):
            view[0] = 120

    def test_other_texts(self):
        """A text that is not ASCII has no such bytes."""
        self.assertRaises(AssertionError, ascii_bytes, "é")
