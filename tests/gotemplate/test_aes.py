"""Tests for ``clace.gotemplate.aes``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.aes import AES


class AESTests(SynchronousTestCase):
    def test_published_vector(self):
        """The standard's own example for a key of 256 bits."""
        cipher = AES(bytes(range(32)))
        block = bytes.fromhex("00112233445566778899aabbccddeeff")
        found = cipher.encrypt(bytes(16), block)[16:32]
        self.assertEqual(found.hex(), "8ea2b7ca516745bfeafc49904b496089")

    @given(st.binary(max_size=40), st.binary(min_size=16, max_size=16))
    def test_round_trip(self, data, start):
        """What was encrypted is decrypted, its padding behind it."""
        cipher = AES(b"k" * 32)
        sealed = cipher.encrypt(start, data)
        plain = cipher.decrypt(sealed[:16], sealed[16:])
        self.assertEqual(plain[: len(plain) - plain[-1]], data)
