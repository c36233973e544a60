"""Tests for ``clace.secrets.sealing``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SecretFailed
from clace.secrets.keys import KEY_BYTES, SealingKey, SealingKeys
from clace.secrets.sealing import NONCE_BYTES, seal, unseal

KEY, OTHER = SealingKey("k", b"k" * KEY_BYTES), SealingKey("k", b"o" * KEY_BYTES)
KEYS = SealingKeys(KEY, {"k": KEY})
values = st.binary(max_size=200)
nonces = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)


class SealingTests(SynchronousTestCase):
    @given(values, st.text(max_size=20), nonces)
    def test_opens_as_it_was(self, value, name, nonce):
        """What was sealed is what is found, and it does not show."""
        sealed = seal(KEY, name, value, lambda _: nonce)
        self.assertEqual(unseal(KEYS, "k", name, sealed), value)
        self.assertEqual(sealed[:NONCE_BYTES], nonce)
        self.assertEqual(len(sealed), NONCE_BYTES + len(value) + 16)

    @given(values, st.data())
    def test_tampering_is_noticed(self, value, data):
        """Any changed bit, and any cut, makes it fail to open."""
        sealed = seal(KEY, "a", value, bytes)
        place = data.draw(st.integers(0, len(sealed) * 8 - 1))
        changed = bytearray(sealed)
        changed[place // 8] ^= 1 << place % 8
        cut = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
        for wrong in (bytes(changed), cut):
            error = self.assertRaises(SecretFailed, unseal, KEYS, "k", "a", wrong)
            self.assertEqual(
                error.message, "it does not open with the key k: another key, or tampered with"
            )

    @given(st.text(max_size=5), st.text(max_size=5))
    def test_cannot_be_moved(self, name, other):
        """Under another name it does not open: rows cannot be exchanged."""
        sealed = seal(KEY, name, b"1", bytes)
        if name != other:
            self.assertRaises(SecretFailed, unseal, KEYS, "k", other, sealed)

    def test_other_keys(self):
        """Another key of the same id does not open it; a key that is not here is named."""
        sealed = seal(OTHER, "a", b"1", bytes)
        self.assertRaises(SecretFailed, unseal, KEYS, "k", "a", sealed)
        error = self.assertRaises(SecretFailed, unseal, KEYS, "old", "a", sealed)
        self.assertEqual(error.message, "it is sealed with the key old, which is not here")
