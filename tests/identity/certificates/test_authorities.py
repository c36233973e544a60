"""Tests for ``clace.identity.certificates.authorities``."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ConfigError, NotAuthenticated
from clace.identity.certificates import Authorities, CertificateSignIn, CertificateTrail
from clace.identity.certificates.authorities import REMEMBERED_SECONDS
from clace.interfaces import ClientTLS
from tests.support.audited import memory_events
from tests.support.authority import CLIENTS, HOST, NOW, SERVERS, Authority, Head

DAY = 86_400


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
        for options in ({"usage": CLIENTS}, {}, {"usage": (*SERVERS, *CLIENTS)}):
            self.assert_accepted(found, self.ca.client(**options)[0])

    def test_for_servers(self):
        """A certificate for servers is none for clients."""
        certificate, _ = self.ca.client(usage=SERVERS)
        self.assert_refused(self.opened(), certificate, "it is not for clients")
        self.assert_accepted(self.opened(), self.ca.client(usage=CLIENTS)[0])

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
        self.clock.advance(DAY + 1)
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

    def test_unreadable(self):
        """Files that cannot be read any more are told, and what was read holds."""
        certificate, _ = self.ca.client()
        found = self.opened(crl=self.ca.revoked(certificate))
        (self.folder / "crl.pem").write_bytes(b"")
        self.clock.advance(REMEMBERED_SECONDS)
        self.assert_refused(found, certificate, "certificate revoked")


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

    def test_lists(self):
        """So does a file without lists."""
        (self.folder / "ca.pem").write_bytes(self.ca.pem())
        paths = self.folder / "ca.pem", self.folder / "ca.pem"
        error = self.assertRaises(ConfigError, Authorities, *paths, self.clock)
        self.assertEqual(
            error.message, f"{paths[1]}: expected lists of revoked certificates in PEM"
        )
