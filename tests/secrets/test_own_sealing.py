"""Tests for ``clace.secrets.own_sealing``."""

import secrets

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SecretFailed
from clace.secrets.own_sealing import OwnSealing


class OwnSealingTests(SynchronousTestCase):
    def setUp(self):
        self.asked = []
        self.sealing = self.make("webhooks", b"k" * 32)

    def make(self, purpose, key):
        return OwnSealing(purpose, lambda: self.asked.append(purpose) or key, secrets.token_bytes)

    def test_opens(self):
        """What was sealed opens again, and does not show what it is."""
        sealed = self.sealing.seal("a", b"secret")
        self.assertNotIn(b"secret", sealed)
        self.assertNotEqual(sealed, self.sealing.seal("a", b"secret"))
        self.assertEqual(self.sealing.unseal("a", sealed), b"secret")

    def test_bound(self):
        """It opens under its own name, for its purpose and with its key only."""
        sealed = self.sealing.seal("a", b"secret")
        for sealing, name in (
            (self.sealing, "b"),
            (self.make("other", b"k" * 32), "a"),
            (self.make("webhooks", b"x" * 32), "a"),
        ):
            self.assertRaises(SecretFailed, sealing.unseal, name, sealed)
        self.assertRaises(SecretFailed, self.sealing.unseal, "a", sealed[:-1])

    def test_asks_once(self):
        """The key is asked for when it is needed, and once."""
        self.assertEqual(self.asked, [])
        self.sealing.unseal("a", self.sealing.seal("a", b""))
        self.assertEqual(self.asked, ["webhooks"])
