from msgspec import DecodeError, ValidationError, json
from twisted.trial.unittest import SynchronousTestCase

from clace.backups.sealing import SealedPart, derived_key, seal, unseal
from clace.errors import BackupLocked
from clace.model.backups import KeyDerivation

PART = SealedPart({"home/config/secret.key": b"k"}, b"rows")
QUICK = KeyDerivation(salt=b"s" * 16, cost=1 << 10)


class SealingTests(SynchronousTestCase):
    def setUp(self):
        self.key = derived_key(b"a long passphrase", QUICK)
        self.sealed = seal(PART, self.key, b"header", b"manifest", lambda size: b"n" * size)

    def test_opens(self):
        """The key opens what it sealed, and nothing of it can be read before."""
        self.assertEqual(unseal(self.sealed, self.key, b"header", b"manifest"), PART)
        self.assertNotIn(b"rows", self.sealed)

    def test_other_keys(self):
        """Another passphrase or salt makes a key that does not open it."""
        other = KeyDerivation(salt=b"t" * 16, cost=1 << 10)
        for key in (derived_key(b"another", QUICK), derived_key(b"a long passphrase", other)):
            self.assertRaises(BackupLocked, unseal, self.sealed, key, b"header", b"manifest")

    def test_changed(self):
        """A header, a manifest or a sealed part that was changed does not open."""
        for header, manifest, sealed in (
            (b"headex", b"manifest", self.sealed),
            (b"header", b"manifesu", self.sealed),
            (b"headerm", b"anifest", self.sealed),
            (b"header", b"manifest", self.sealed[:-1] + b"\0"),
            (b"header", b"manifest", b""),
        ):
            self.assertRaises(BackupLocked, unseal, sealed, self.key, header, manifest)

    def test_costs_are_bounded(self):
        """A stranger's file cannot ask for more than 1 GB of memory, nor for a cheap key."""
        for fields in ({"cost": 1 << 30}, {"cost": 2}, {"block": 1 << 20}, {"lanes": 99}):
            text = json.encode({"salt": "c2FsdHNhbHRzYWx0c2FsdA==", **fields})
            self.assertRaises((ValidationError, DecodeError), json.decode, text, type=KeyDerivation)
