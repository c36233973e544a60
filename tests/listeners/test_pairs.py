"""Tests for ``clace.listeners.pairs``."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ListenError
from clace.listeners.pairs import PairFiles
from tests.listeners.handshakes import pem_pair, write_pair


class PairFilesTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.files = PairFiles.named(self.folder, "a.example")
        write_pair(self.folder, "a.example", pem_pair("a.example"))

    def assert_refused(self, *words):
        refused = str(self.assertRaises(ListenError, self.files.read))
        for word in words:
            self.assertIn(word, refused)

    def test_reads_chain(self):
        """All certificates of the file are the chain, the server's own first."""
        issuer, _ = pem_pair("issuer.example")
        with self.files.certificate.open("ab") as file:
            file.write(issuer)
        pair = self.files.read()
        self.assertEqual(len(pair.chain), 2)
        self.assertEqual(pair.certificate.public_key(), pair.key.public_key())

    def test_missing_key(self):
        """A certificate without a key names the file that is missing."""
        self.files.key.unlink()
        self.assert_refused("a.example.key", "No such file")

    def test_garbage(self):
        """A file that is no PEM is named."""
        self.files.certificate.write_bytes(b"hello")
        self.assert_refused("a.example.crt")

    def test_encrypted_key(self):
        """A key with a passphrase is refused: nobody is there to type it."""
        key = ec.generate_private_key(ec.SECP256R1())
        encryption = BestAvailableEncryption(b"sesame")
        self.files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        self.assert_refused("a.example.key", "encrypted")

    def test_key_that_signs_nothing(self):
        """A key of a kind that no server has is refused."""
        key = x25519.X25519PrivateKey.generate()
        self.files.key.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        self.assert_refused("a.example.key", "cannot serve TLS")

    def test_pipe(self):
        """A pipe is not read: it would block the server until somebody writes."""
        self.files.certificate.unlink()
        os.mkfifo(self.files.certificate)
        self.assert_refused("not a file")

    def test_huge(self):
        """A file that could not be a certificate is not read whole."""
        with self.files.certificate.open("ab") as file:
            file.truncate(10**9)
        self.assert_refused("larger")

    def test_stamp_of_nothing(self):
        """Where there is no certificate there is no stamp, whatever the reason."""
        for stem in ("b.example", "a" * 300, "a.example.crt/b"):
            self.assertIdentical(PairFiles.named(self.folder, stem).stamp(), None)

    def test_stamp_changes(self):
        """A new file in the place of an old one is seen, even of the same size and time."""
        before, times = self.files.stamp(), self.files.key.stat()
        copy = self.folder / "copy"
        copy.write_bytes(self.files.key.read_bytes())
        os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
        copy.rename(self.files.key)
        self.assertNotEqual(self.files.stamp(), before)
