"""A client certificate that was taken back, in a TLS session that is resumed."""

import ssl

from cryptography.hazmat.primitives.serialization import Encoding

from clace.errors import NotAuthenticated
from clace.identity.certificates.authorities import REMEMBERED_SECONDS
from clace.listeners.tls import TLSByName, context_of
from tests.identity.certificates.test_authorities import AuthorityCase
from tests.listeners.handshakes import shake_hands, trusting
from tests.listeners.test_tls import loaded
from tests.support.authority import key_pem


class ResumptionTests(AuthorityCase):
    def setUp(self):
        super().setUp()
        context = context_of(loaded())
        self.creator = TLSByName(lambda _: context, lambda name: name == b"a.example")
        self.certificate, key = self.ca.client()
        file = self.folder / "client.pem"
        file.write_bytes(self.certificate.public_bytes(Encoding.PEM) + key_pem(key))
        self.clients = []
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.clients.append(trusting(version=version))
            self.clients[-1].load_cert_chain(file)

    def connect(self, context, session=None):
        """The server's side, and the client's session."""
        server = self.creator.serverConnectionForTLS(None)
        client = shake_hands(server, context, "a.example", session)
        return server, client.session

    def test_taken_back(self):
        """The certificate of a resumed session is looked at as that of a new one: it is refused
        once the list has it, and was good before.
        """
        for context in self.clients:
            found = self.opened(crl=self.ca.revoked())
            self.connect(context)
            first, session = self.connect(context)
            found.check(first.get_peer_certificate().to_cryptography(), ())
            (self.folder / "crl.pem").write_bytes(self.ca.revoked(self.certificate))
            self.clock.advance(REMEMBERED_SECONDS)
            again, _ = self.connect(context, session)
            self.assertEqual(again.is_resumed(), context.maximum_version == ssl.TLSVersion.TLSv1_2)
            shown = again.get_peer_certificate().to_cryptography()
            self.assertEqual(shown, self.certificate)
            error = self.assertRaises(NotAuthenticated, found.check, shown, ())
            self.assertIn("certificate revoked", error.message)
