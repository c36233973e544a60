"""Tests for ``clace.identity.certificates.authenticator``."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import ConfigError, Misdirected, NotAuthenticated
from clace.identity.certificates import (
    Authorities,
    CertificateSignIn,
    CertificateTrail,
    certificate_kinds,
)
from clace.identity.certificates.trail import QUIET_SECONDS
from clace.interfaces import ClientTLS, IAuthenticator
from clace.model.identity import Assurance
from tests.support.audited import memory_events
from tests.support.authority import HOST, NOW, Authority, Head, signed_again

FAILURE = ("sign_in", "Failed")


class SignInTests(SynchronousTestCase):
    def setUp(self):
        self.ca = Authority()
        path = Path(self.mktemp())
        path.write_bytes(self.ca.pem())
        clock = Clock()
        clock.rightNow = NOW
        self.authorities = Authorities(path, None, clock)
        self.audit, events = memory_events()
        self.events = self.audit.events
        self.clock = clock
        self.trail = CertificateTrail(events, clock)
        self.sign_in = CertificateSignIn("cert_staff", self.authorities, self.trail)
        self.der = self.ca.client("Ann Lee")[0].public_bytes(Encoding.DER)

    def identify(self, tls, **head):
        return self.sign_in.identify(Head(tls, **head))

    def tls(self, **changes):
        known = {"name": HOST, "was_asked": True, "certificate": self.der}
        return ClientTLS(**known | changes)

    def test_subject(self):
        """A good certificate is a user of the entry; its subject tells which."""
        verifyObject(IAuthenticator, self.sign_in)
        found = self.successResultOf(self.identify(self.tls()))
        self.assertEqual(found.user_id, "cert_staff")
        self.assertEqual((found.subject, found.name), ("CN=Ann Lee", "Ann Lee"))
        self.assertEqual(found.assurance, Assurance.CERTIFICATE)

    def test_other_subjects(self):
        """A subject without a common name is the name, and one that cannot be read is refused."""
        staff = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Staff")])
        shown = self.ca.client(subject=staff)[0].public_bytes(Encoding.DER)
        found = self.successResultOf(self.identify(self.tls(certificate=shown)))
        self.assertEqual((found.subject, found.name), ("O=Staff", "O=Staff"))
        # The tag of a text becomes that of bits.
        odd = self.der.replace(b"\x0c\x07Ann Lee", b"\x03\x07\0nn Lee")
        odd = signed_again(odd, self.ca).public_bytes(Encoding.DER)
        work = self.identify(self.tls(certificate=odd))
        refused = self.failureResultOf(work, NotAuthenticated)
        self.assertIn("its subject cannot be read", refused.value.message)
        self.assertEqual(self.events[-1].detail, f"by cert_staff: {refused.value.message}")

    def test_recorded(self):
        """Who comes is recorded with the subject, once an hour for each entry, subject and address;
        who is refused, with the reason.
        """
        for _ in range(3):
            self.successResultOf(self.identify(self.tls()))
        (came,) = self.events
        self.assertEqual(came.detail, "by cert_staff: certificate, CN=Ann Lee")
        self.assertEqual((came.user_id, came.target), ("cert_staff", "192.0.2.7"))
        self.successResultOf(self.identify(self.tls(), address="192.0.2.8"))
        self.clock.advance(QUIET_SECONDS)
        self.successResultOf(self.identify(self.tls()))
        self.assertEqual(len(self.events), 3)
        for other in (
            self.sign_in.identify(
                Head(self.tls(certificate=self.ca.client("Bob")[0].public_bytes(Encoding.DER)))
            ),
            CertificateSignIn("cert", self.authorities, self.trail).identify(Head(self.tls())),
        ):
            self.successResultOf(other)
        self.assertEqual(len(self.events), 5)
        self.failureResultOf(self.identify(self.tls(certificate=b"x")))
        self.assertEqual(self.events[5].status, "Failed")
        self.assertIn("client certificate verification failed", self.events[5].detail)

    def test_records_a_bounded_number(self):
        """Who came longest ago is forgotten first, and then recorded again."""
        for number in range(1001):
            address = f"2001:db8::{number:x}"
            self.successResultOf(self.identify(self.tls(), address=address))
        for address, count in (("2001:db8::1", 1001), ("2001:db8::0", 1002)):
            self.successResultOf(self.identify(self.tls(), address=address))
            self.assertEqual(len(self.events), count)

    def test_missing(self):
        """A client without a certificate is told that one is required."""
        failure = self.failureResultOf(self.identify(self.tls(certificate=b"")), NotAuthenticated)
        self.assertEqual(failure.value.message, "client certificate required")

    def test_bad(self):
        """A certificate that was not asked of these authorities, or cannot be read, is refused."""
        other = Authority().client()[0].public_bytes(Encoding.DER)
        for found in (other, b"x"):
            failure = self.failureResultOf(
                self.identify(self.tls(certificate=found)), NotAuthenticated
            )
            self.assertIn("client certificate verification failed", failure.value.message)
            self.assertEqual(self.events[-1].detail, f"by cert_staff: {failure.value.message}")
            self.assertEqual((self.events[-1].operation, self.events[-1].status), FAILURE)
        self.successResultOf(self.identify(self.tls()))

    def test_other_name(self):
        """A certificate that was asked for under another name does not count, however good."""
        for name in ("other.example.com", ""):
            self.failureResultOf(self.identify(self.tls(name=name)), Misdirected)
        # It was asked for by nobody: no try, and nothing to record.
        self.assertEqual(self.events, [])

    def test_not_asked(self):
        """A connection that was opened before anybody would ask is to be opened anew."""
        tls = self.tls(was_asked=False, certificate=b"")
        self.failureResultOf(self.identify(tls), Misdirected)

    def test_proxy(self):
        """TLS that a proxy ended proves nobody, whatever headers say; the reason is told."""
        failure = self.failureResultOf(self.identify(None), NotAuthenticated)
        self.assertIn("a proxy ended TLS before this server", failure.value.message)

    def test_plain(self):
        """Over plain HTTP it is told that it can be shown over HTTPS only."""
        failure = self.failureResultOf(self.identify(None, scheme="http"), NotAuthenticated)
        self.assertIn("over HTTPS only", failure.value.message)

    def test_row(self):
        """Entries are rows by their names, and others are none of ours."""
        kinds = certificate_kinds({"cert_staff": self.authorities}, self.trail, disabled=False)
        self.assertIsInstance(kinds("cert_staff"), CertificateSignIn)
        for setting in ("cert", "cert_other", "certificate", "none", "cert_staff+forward_x"):
            self.assertIsNone(kinds(setting))

    def test_turned_off(self):
        """While the feature is off its apps say which key turns it on."""
        kinds = certificate_kinds({}, self.trail, disabled=True)
        for setting in ("cert", "cert_staff"):
            failure = self.failureResultOf(kinds(setting).identify(Head(None)), ConfigError)
            self.assertIn("https.disable_client_certs", failure.value.message)
        for setting in ("system", "certificate"):
            self.assertIsNone(kinds(setting))
