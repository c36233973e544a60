"""Tests for ``clace.identity.certificates.authorities``."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ExtensionOID, UnrecognizedExtension
from cryptography.x509.oid import ExtendedKeyUsageOID
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ConfigError, NotAuthenticated
from clace.identity.certificates import Authorities, CertificateSignIn, CertificateTrail
from clace.identity.certificates.authorities import REMEMBERED_SECONDS
from clace.interfaces import ClientTLS
from tests.support.audited import memory_events
from tests.support.authority import CLIENTS, HOST, NOW, SERVERS, Authority, Head, signed_again

ANY = (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)
DAY = 86_400
# An empty address of X.400, which is allowed among names.
X400_ADDRESS = b"\x30\x04\xa3\x02\x30\x00"


class AuthorityCase(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.clock = Clock()
        self.clock.rightNow = NOW
        self.ca = Authority()

    def opened(self, *authorities, crl=None):
        files = self.folder / "ca.pem", self.folder / "crl.pem"
        files[0].write_bytes(b"".join(each.pem() for each in authorities or (self.ca,)))
        if crl is not None:
            files[1].write_bytes(crl)
        return Authorities(files[0], files[1] if crl is not None else None, self.clock)

    def identify(self, authorities, certificate, issuers=()):
        """A client with a certificate, at the sign-in of an app; ``audit`` is what is recorded."""
        self.audit, events = memory_events()
        sign_in = CertificateSignIn("cert", authorities, CertificateTrail(events, self.clock))
        shown, *between = (each.public_bytes(Encoding.DER) for each in (certificate, *issuers))
        tls = ClientTLS(name=HOST, was_asked=True, certificate=shown, issuers=tuple(between))
        return sign_in.identify(Head(tls))

    def assert_accepted(self, authorities, certificate, issuers=()):
        """It is a user's, and the audit log says whose."""
        identity = self.successResultOf(self.identify(authorities, certificate, issuers))
        (event,) = self.audit.events
        self.assertEqual(event.status, "Success")
        self.assertIn(identity.subject, event.detail)

    def assert_refused(self, authorities, certificate, reason, issuers=()):
        """It proves nothing; the client is told why, and the audit log has the same reason."""
        work = self.identify(authorities, certificate, issuers)
        error = self.failureResultOf(work, NotAuthenticated).value
        self.assertIn(f"client certificate verification failed: {reason}", error.message)
        (event,) = self.audit.events
        self.assertEqual((event.operation, event.status), ("sign_in", "Failed"))
        self.assertEqual(event.detail, f"by cert: {error.message}")


class CheckTests(AuthorityCase):
    """Certificates of clients."""

    def test_good(self):
        """A certificate for clients is accepted, and one that says nothing of its use."""
        found = self.opened()
        for options in ({"usage": CLIENTS}, {}, {"usage": (*SERVERS, *CLIENTS)}, {"usage": ANY}):
            self.assert_accepted(found, self.ca.client(**options)[0])

    def test_for_servers(self):
        """A certificate for servers is none for clients."""
        certificate, _ = self.ca.client(usage=SERVERS)
        self.assert_refused(self.opened(), certificate, "it is not for clients")
        self.assert_accepted(self.opened(), self.ca.client(usage=CLIENTS)[0])

    def test_fit_all_the_way(self):
        """An authority between is fit for clients too; the root is trusted for what it is."""
        self.ca = Authority(usage=SERVERS)
        found = self.opened()
        for usage in (CLIENTS, ()):
            between = Authority("Team CA", parent=self.ca, usage=usage)
            self.assert_accepted(found, between.client()[0], (between.certificate,))
        between = Authority("Team CA", parent=self.ca, usage=SERVERS)
        reason, issuers = "it is not for clients", (between.certificate,)
        self.assert_refused(found, between.client()[0], reason, issuers)

    def test_trusted_itself(self):
        """A certificate that the file of authorities has itself has to be for clients."""
        for usage in (CLIENTS, ()):
            own = Authority("robot", usage=usage)
            self.assert_accepted(self.opened(own), own.certificate)
        own = Authority("robot", usage=SERVERS)
        self.assert_refused(self.opened(own), own.certificate, "it is not for clients")

    def test_weak(self):
        """A certificate that was signed with SHA-1 or MD5 is refused, as one between is; of a root
        the signature proves nothing.
        """
        self.ca = Authority(key=rsa.generate_private_key(65537, 2048))
        certificate, _ = self.ca.client()
        between = Authority("Team CA", parent=self.ca)
        below, _ = between.client()
        for digest in ("sha1", "md5"):
            shown, issuer = (
                signed_again(each.public_bytes(Encoding.DER), self.ca, digest)
                for each in (certificate, between.certificate)
            )
            self.assert_refused(self.opened(), shown, "its signature is too weak")
            self.assert_refused(self.opened(), below, "its signature is too weak", (issuer,))
        root = self.ca.certificate.public_bytes(Encoding.DER)
        self.ca.certificate = signed_again(root, self.ca, "sha1")
        self.assert_accepted(self.opened(), certificate)

    def test_unreadable_extension(self):
        """A certificate of theirs with an extension that cannot be read is refused."""
        name = UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, X400_ADDRESS)
        certificate, _ = self.ca.client(more=(name,))
        reason = "it cannot be read: UnsupportedGeneralNameType"
        self.assert_refused(self.opened(), certificate, reason)

    def test_stranger(self):
        """A certificate of an authority of the same name is refused."""
        certificate, _ = Authority().client()
        self.assert_refused(self.opened(), certificate, "certificate signature failure")
        certificate, _ = Authority("Other CA").client()
        self.assert_refused(self.opened(), certificate, "unable to get local issuer certificate")
        self.assert_accepted(self.opened(), self.ca.client()[0])

    def test_times(self):
        """A certificate that is over, or is not valid yet, is refused."""
        found = self.opened()
        late, _ = self.ca.client(start=1)
        self.assert_refused(found, late, "certificate is not yet valid")
        short, _ = self.ca.client(days=1)
        self.assert_accepted(found, short)
        self.clock.advance(DAY - 1)
        self.assert_accepted(found, short)
        self.clock.advance(2)
        self.assert_refused(found, short, "certificate has expired")

    def test_between(self):
        """An authority between may come along with the certificate; a client is no authority."""
        between = Authority("Team CA", parent=self.ca)
        certificate, _ = between.client()
        found = self.opened()
        self.assert_refused(found, certificate, "unable to get local issuer certificate")
        self.assert_accepted(found, certificate, (between.certificate,))
        client, key = self.ca.client("mallory")
        forger = Authority("mallory")
        forger.key = key
        forged, _ = forger.client("admin")
        self.assert_refused(found, forged, "invalid CA certificate", (client,))


class RevokedTests(AuthorityCase):
    """Certificates that were taken back."""

    def test_revoked(self):
        """A certificate on the list is refused, any other is accepted."""
        gone, _ = self.ca.client("bob")
        found = self.opened(crl=self.ca.revoked(gone))
        self.assert_refused(found, gone, "certificate revoked")
        self.assert_accepted(found, self.ca.client()[0])

    def test_list_is_over(self):
        """A list that is over is no list: nobody is let in."""
        certificate, _ = self.ca.client()
        found = self.opened(crl=self.ca.revoked(days=1))
        self.assert_accepted(found, certificate)
        self.clock.advance(DAY + 1)
        self.assert_refused(found, certificate, "CRL has expired")

    def test_every_authority(self):
        """Each authority on the way needs a list."""
        between = Authority("Team CA", parent=self.ca)
        certificate, _ = between.client()
        found = self.opened(crl=self.ca.revoked())
        self.assert_refused(
            found, certificate, "unable to get certificate CRL", (between.certificate,)
        )
        found = self.opened(crl=self.ca.revoked() + between.revoked())
        self.assert_accepted(found, certificate, (between.certificate,))

    def test_reread(self):
        """A new list is read within a minute, and holds for whoever was let in before."""
        certificate, _ = self.ca.client()
        found = self.opened(crl=self.ca.revoked())
        self.assert_accepted(found, certificate)
        (self.folder / "crl.pem").write_bytes(self.ca.revoked(certificate))
        self.clock.advance(REMEMBERED_SECONDS)
        self.assert_refused(found, certificate, "certificate revoked")

    def test_let_in_just_now(self):
        """A new list holds as soon as it is read, also for whoever was let in a moment before."""
        certificate, _ = self.ca.client()
        found = self.opened(crl=self.ca.revoked())
        self.clock.advance(REMEMBERED_SECONDS - 1)
        self.assert_accepted(found, certificate)
        (self.folder / "crl.pem").write_bytes(self.ca.revoked(certificate))
        self.clock.advance(1)
        self.assert_refused(found, certificate, "certificate revoked")

    def test_unreadable(self):
        """Files that cannot be read any more are told, and what was read holds."""
        certificate, _ = self.ca.client()
        found = self.opened(crl=self.ca.revoked(certificate))
        (self.folder / "crl.pem").write_bytes(b"")
        for change in (b"", None):
            if change is None:
                (self.folder / "crl.pem").unlink()
            self.clock.advance(REMEMBERED_SECONDS)
            with capturedLogs() as events:
                self.assert_refused(found, certificate, "certificate revoked")
            (event,) = events
            self.assertEqual(event["log_level"].name, "error")
            self.assertIn("crl.pem", event["reason"])
        (self.folder / "crl.pem").write_bytes(self.ca.revoked())
        self.clock.advance(REMEMBERED_SECONDS)
        self.assert_accepted(found, certificate)

    def test_remembers_a_bounded_number(self):
        """The oldest certificates that were good make room for newer ones."""
        found = self.opened()
        for number in range(1000):
            found._known[str(number).encode()] = NOW
        self.assert_accepted(found, self.ca.client()[0])
        self.assertEqual(len(found._known), 1000)
        self.assertNotIn(b"0", found._known)


class FileTests(AuthorityCase):
    def assert_bad(self, text):
        path = self.folder / "ca.pem"
        error = self.assertRaises(ConfigError, Authorities, path, None, self.clock)
        self.assertEqual(error.message, f"{path}: {text}")

    def test_files(self):
        """A file that is missing, or of something else, stops the start with its name."""
        self.assert_bad("cannot be read: No such file or directory")
        for content in (b"", b"x", self.ca.revoked(), self.ca.pem()[:-40]):
            (self.folder / "ca.pem").write_bytes(content)
            self.assert_bad("expected certificates in PEM")

    def test_too_large(self):
        """So does a file that is larger than any list of authorities."""
        path = self.folder / "ca.pem"
        path.write_bytes(self.ca.pem())
        with path.open("r+b") as file:
            file.truncate(16 * 1024 * 1024 + 1)
        self.assert_bad("expected certificates in PEM")

    def test_lists(self):
        """So does a file without lists."""
        (self.folder / "ca.pem").write_bytes(self.ca.pem())
        paths = self.folder / "ca.pem", self.folder / "ca.pem"
        error = self.assertRaises(ConfigError, Authorities, *paths, self.clock)
        self.assertEqual(
            error.message, f"{paths[1]}: expected lists of revoked certificates in PEM"
        )
