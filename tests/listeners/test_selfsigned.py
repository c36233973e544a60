"""Tests for ``clace.listeners.selfsigned``."""

from datetime import timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from twisted.trial.unittest import SynchronousTestCase

from clace.listeners.selfsigned import is_ours, issue, names_of, new_key, usable_names
from tests.listeners.handshakes import NOW, pem_pair

NAMES = ("tools.example.com", "localhost", "127.0.0.1", "::1")


class IssueTests(SynchronousTestCase):
    def setUp(self):
        self.key = load_pem_private_key(new_key(), None)
        self.certificate = issue(self.key, NAMES, NOW)

    def extension(self, kind):
        return self.certificate.extensions.get_extension_for_class(kind).value

    def test_key_is_p256(self):
        """The keys we make are on the curve that every client takes."""
        self.assertIsInstance(self.key.curve, ec.SECP256R1)

    def test_names_and_addresses(self):
        """Names are names and addresses are addresses, or no client would match them."""
        names = self.extension(x509.SubjectAlternativeName)
        self.assertEqual(names.get_values_for_type(x509.DNSName), list(NAMES[:2]))
        self.assertEqual(
            names.get_values_for_type(x509.IPAddress), [ip_address(each) for each in NAMES[2:]]
        )
        self.assertEqual(names_of(self.certificate), NAMES)

    def test_can_only_serve(self):
        """It is for servers and signs nothing, so trusting it is trusting this server only."""
        self.assertFalse(self.extension(x509.BasicConstraints).ca)
        self.assertEqual(
            list(self.extension(x509.ExtendedKeyUsage)), [ExtendedKeyUsageOID.SERVER_AUTH]
        )

    def test_lifetime(self):
        """It holds now, also by a clock that is a little slow, and not longer than 397 days."""
        start, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        self.assertLess(start, NOW - timedelta(minutes=30))
        self.assertEqual(end - start, timedelta(days=365))

    def test_serials_differ(self):
        """Two certificates of the same names are not taken for one."""
        other = issue(self.key, NAMES, NOW)
        self.assertNotEqual(other.serial_number, self.certificate.serial_number)

    def test_any_key(self):
        """A key that is there already may be of another kind."""
        keys = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()
        for key in keys:
            self.assertTrue(is_ours(issue(key, NAMES, NOW)))

    def test_leaves_out_impossible_names(self):
        """A machine may have a name that is none in DNS."""
        self.assertEqual(usable_names(["my machine", "", "A.example", "a.example"]), ("a.example",))


class IsOursTests(SynchronousTestCase):
    def test_ours(self):
        """What we made is ours."""
        self.assertTrue(is_ours(issue(load_pem_private_key(new_key(), None), NAMES, NOW)))

    def test_users(self):
        """A certificate that a user signed with a name of their own is not."""
        certificate, _ = pem_pair("tools.example.com")
        self.assertFalse(is_ours(x509.load_pem_x509_certificate(certificate)))

    def test_same_organisation_other_issuer(self):
        """Nor is one that says it is, and is signed by somebody else."""
        mine, other = (load_pem_private_key(new_key(), None) for _ in range(2))
        template = issue(mine, NAMES, NOW)
        forged = (
            x509.CertificateBuilder(
                template.issuer, template.subject, mine.public_key(), template.serial_number
            )
            .not_valid_before(template.not_valid_before_utc)
            .not_valid_after(template.not_valid_after_utc)
            .sign(other, template.signature_hash_algorithm)
        )
        self.assertFalse(is_ours(forged))
        self.assertEqual(names_of(forged), ())
