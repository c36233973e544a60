"""Tests for ``clace.web.client_tls``."""

from pathlib import Path

from cryptography import x509
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from clace.listeners.tls import TLSByName, context_of
from clace.web.client_tls import client_tls
from tests.listeners.handshakes import pem_pair, shake_hands, trusting
from tests.listeners.test_tls import loaded

ASKING = (b"a.example", b"A.example")


class Encrypted(StringTransport):
    """A transport over TLS."""

    def __init__(self, connection):
        super().__init__()
        self.connection = connection
        directlyProvides(self, ISSLTransport)

    def getHandle(self):
        return self.connection


class ClientTLSTests(SynchronousTestCase):
    def setUp(self):
        context = context_of(loaded())
        self.creator = TLSByName(lambda _: context, lambda name: name in ASKING)
        self.pem = pem_pair("client")

    def connect(self, name, *, with_certificate=True):
        context = trusting()
        if with_certificate:
            path = Path(self.mktemp())
            path.write_bytes(b"".join(self.pem))
            context.load_cert_chain(path)
        server = self.creator.serverConnectionForTLS(None)
        shake_hands(server, context, name)
        return client_tls(Encrypted(server))

    def test_certificate(self):
        """A certificate is told with the name that it was asked under."""
        found = self.connect("A.example")
        self.assertEqual((found.name, found.was_asked, found.issuers), ("a.example", True, ()))
        expected = x509.load_pem_x509_certificate(self.pem[0])
        self.assertEqual(x509.load_der_x509_certificate(found.certificate), expected)

    def test_without(self):
        """A client that was asked and has none is told from one that was not asked."""
        found = self.connect("a.example", with_certificate=False)
        self.assertEqual((found.was_asked, found.certificate), (True, b""))
        found = self.connect("b.example")
        self.assertEqual(
            (found.name, found.was_asked, found.certificate), ("b.example", False, b"")
        )
        self.assertEqual(self.connect(None).name, "")

    def test_plain(self):
        """A plain connection has no TLS."""
        self.assertIsNone(client_tls(StringTransport()))
