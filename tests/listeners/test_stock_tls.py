"""Tests for ``clace.listeners.stock_tls``."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ListenError
from clace.listeners.stock_tls import check_folder
from tests.listeners.handshakes import NOW, pem_pair


def certificate(subject, issuer):
    """A certificate without a key in reach."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        for name in (issuer, subject)
    ]
    builder = x509.CertificateBuilder(*names, key.public_key(), 1)
    signed = builder.not_valid_before(NOW).not_valid_after(NOW).sign(key, SHA256())
    return signed.public_bytes(Encoding.PEM)


class CheckFolderTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def write(self, name, *parts):
        (self.folder / name).write_bytes(b"".join(parts))

    def test_leaf_and_intermediate(self):
        """A folder as public authorities deliver it is fine."""
        self.write("leaf.pem", *pem_pair("a.example"), certificate("issuer", "root"))
        check_folder(self.folder)

    def test_self_signed_with_key(self):
        """A server's own self-signed certificate, with its key, is fine."""
        self.write("leaf.pem", *pem_pair("a.example"))
        check_folder(self.folder)

    def test_self_signed_authority(self):
        """An authority that signed itself is refused, wherever in the folder it lies."""
        (self.folder / "sub").mkdir()
        self.write("sub/ca.pem", certificate("root", "root"))
        refused = self.assertRaises(ListenError, check_folder, self.folder)
        self.assertIn("clace-tls:", str(refused))

    def test_circle(self):
        """Two authorities that signed each other are refused."""
        self.write("a.pem", certificate("a", "b"))
        self.write("b.pem", certificate("b", "a"))
        self.assertRaises(ListenError, check_folder, self.folder)

    def test_leaves_the_rest_to_the_endpoint(self):
        """What cannot be read, or is not there, is for the endpoint to complain about."""
        begin, end = b"-----BEGIN %s-----\nxx\n", b"-----END %s-----\n"
        for kind in (b"CERTIFICATE", b"PRIVATE KEY"):
            self.write(f"{kind.decode()}.pem", begin % kind, end % kind)
        (self.folder / "folder.pem").mkdir()
        check_folder(self.folder)
        check_folder(self.folder / "nowhere")
