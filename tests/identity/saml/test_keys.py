"""Tests for ``clace.identity.saml.keys``."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ConfigError
from clace.identity.saml import kept_key, read_key
from tests.support.saml import NOW, signing_key


class KeyCase(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def pair(self, key, certificate):
        files = self.folder / "sp.key", self.folder / "sp.crt"
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        files[0].write_bytes(pem)
        files[1].write_bytes(certificate.public_bytes(Encoding.PEM))
        return files


class ReadTests(KeyCase):
    """A key in files."""

    def refused(self, *files):
        return self.assertRaises(ConfigError, read_key, *files).message

    def test_pair(self):
        """A key and its certificate are read."""
        pair = signing_key()
        found = read_key(*self.pair(pair.key, pair.certificate))
        self.assertEqual(found.certificate, pair.certificate)

    def test_strangers(self):
        """A certificate of another key is refused."""
        files = self.pair(signing_key().key, signing_key("ours").certificate)
        self.assertEqual(self.refused(*files), f"{files[1]}: is not the certificate of {files[0]}")

    def test_other_keys(self):
        """A key that not every provider can check, or a short one, is refused."""
        expected = "expected an RSA key of at least 2048 bits"
        short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        others = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
        for key in (*others, short):
            files = self.pair(key, signing_key().certificate)
            self.assertEqual(self.refused(*files), f"{files[0]}: {expected}")

    def test_no_pem(self):
        """Files of something else, and missing ones, are named."""
        files = self.pair(signing_key().key, signing_key().certificate)
        files[0].write_text("x")
        self.assertIn("expected a key and a certificate in PEM", self.refused(*files))
        locked = BestAvailableEncryption(b"secret")
        files[0].write_bytes(
            signing_key().key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
        )
        self.assertIn("expected a key and a certificate in PEM", self.refused(*files))
        files[0].unlink()
        self.assertIn(f"{files[0]}: cannot be read", self.refused(*files))


class KeptTests(KeyCase):
    """The key of ``random``."""

    def test_stays(self):
        """It is made once, and the same after a restart; others cannot read it."""
        folder = self.folder / "saml"
        first = kept_key(folder, "saml_corp", NOW)
        second = kept_key(folder, "saml_corp", NOW + 1000)
        self.assertEqual(first.certificate, second.certificate)
        self.assertEqual((folder / "saml_corp.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)

    def test_each_its_own(self):
        """Every entry has a key of its own."""
        first = kept_key(self.folder, "saml_a", NOW)
        self.assertNotEqual(first.certificate, kept_key(self.folder, "saml_b", NOW).certificate)

    def test_unwritable(self):
        """A folder that cannot be made is named."""
        (self.folder / "file").touch()
        error = self.assertRaises(ConfigError, kept_key, self.folder / "file" / "x", "a", NOW)
        self.assertIn("cannot be written", error.message)
