"""Connections to checked addresses."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import Certificate, PrivateCertificate
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import URI, BrowserLikePolicyForHTTPS

from clace.plugins.builtin.http.connecting import ExchangeConnections, TargetEndpoint

DATA = b"x" * 70_000


def certificate_for(name):
    """A self-signed certificate for one name or address, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    other = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([other]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


class Remembering(Protocol):
    def __init__(self):
        self.received = b""
        self.lost = None

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.lost = reason


class RouteTests(SynchronousTestCase):
    def setUp(self):
        self.reactor = MemoryReactorClock()
        self.pem = certificate_for("api.test")
        self.tls = BrowserLikePolicyForHTTPS(trustRoot=Certificate.loadPEM(self.pem))

    def connect(self, url, *addresses, limit=100_000):
        self.connections = ExchangeConnections(self.reactor, limit)
        route = TargetEndpoint(self.reactor, addresses, self.tls, self.connections)
        endpoint = route.endpointForURI(URI.fromBytes(url))
        return endpoint.connect(Factory.forProtocol(Remembering))

    def accept(self, number=0):
        host, port, factory = self.reactor.tcpClients[number][:3]
        protocol = factory.buildProtocol(IPv4Address("TCP", host, port))
        transport = StringTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def refuse(self, number):
        factory = self.reactor.tcpClients[number][2]
        factory.clientConnectionFailed(None, Failure(Refused()))

    def tried(self):
        return [client[:2] for client in self.reactor.tcpClients]

    def test_address(self):
        """The connection is to the address that was checked, at the URL's port."""
        connecting = self.connect(b"http://api.test:81/", "192.0.2.7")
        self.assertEqual(self.tried(), [("192.0.2.7", 81)])
        self.accept()
        self.assertIsInstance(self.successResultOf(connecting), Remembering)

    def test_no_lookup(self):
        """Nothing is resolved again, not even over TLS."""
        self.reactor.nameResolver = None
        for url in (b"http://api.test/", b"https://api.test/"):
            self.connect(url, "2001:db8::7")
        self.assertEqual(self.tried(), [("2001:db8::7", 80), ("2001:db8::7", 443)])

    def test_next_address(self):
        """If one address takes no connection the next is tried, in order."""
        connecting = self.connect(b"http://api.test/", "192.0.2.1", "192.0.2.2", "192.0.2.3")
        self.refuse(0)
        self.refuse(1)
        self.accept(2)
        self.successResultOf(connecting)
        self.assertEqual(
            [host for host, _ in self.tried()], ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
        )

    def test_no_address(self):
        """If none takes a connection the last reason is told."""
        connecting = self.connect(b"http://api.test/", "192.0.2.1", "192.0.2.2")
        self.refuse(0)
        self.refuse(1)
        self.failureResultOf(connecting, Refused)

    def test_limit(self):
        """A server that never stops sending loses its connection, whatever it sends."""
        connecting = self.connect(b"http://api.test/", "192.0.2.1", limit=10)
        protocol, transport = self.accept()
        inner = self.successResultOf(connecting)
        protocol.dataReceived(b"x" * 10)
        self.assertFalse(transport.disconnecting)
        protocol.dataReceived(b"x")
        self.assertTrue(transport.disconnecting)
        self.assertEqual(inner.received, b"x" * 10)

    def test_end(self):
        """What is open can be ended: at once, or by force if the server takes nothing any more."""
        connecting = self.connect(b"http://api.test/", "192.0.2.1")
        protocol, transport = self.accept()
        inner = self.successResultOf(connecting)
        self.connections.end()
        self.assertEqual((transport.disconnecting, transport.disconnected), (True, False))
        self.reactor.advance(2)
        self.assertTrue(transport.disconnected)
        protocol.connectionLost(Failure(ConnectionDone()))
        self.assertIsNotNone(inner.lost)

    def test_end_of_tls(self):
        """A server that does not close its side of TLS keeps no connection open."""
        self.received(b"https://api.test/", self.pem)
        self.inner.transport.loseConnection()
        self.assertFalse(self.to_server.disconnecting)
        self.connections.end()
        self.assertTrue(self.to_server.disconnecting)
        self.client.connectionLost(Failure(ConnectionDone()))
        self.assertIsNotNone(self.inner.lost)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def received(self, url, pem):
        """What a server with this certificate receives from a client that connects and sends."""
        connecting = self.connect(url, "192.0.2.1")
        client, to_server = self.client, self.to_server = self.accept()
        options = PrivateCertificate.loadPEM(pem).options()
        factory = TLSMemoryBIOFactory(options, False, Factory.forProtocol(Remembering))
        server, to_client = factory.buildProtocol(None), StringTransport()
        server.makeConnection(to_client)
        # More than TLS keeps back to send together with what may follow.
        self.inner = self.successResultOf(connecting)
        self.inner.transport.write(DATA)
        for _ in range(10):
            for source, sink in ((to_server, server), (to_client, client)):
                data = source.value()
                source.clear()
                if data:
                    sink.dataReceived(data)
        return server.wrappedProtocol.received

    def test_tls(self):
        """The certificate is checked for the URL's name although the connection is by address."""
        self.assertEqual(self.received(b"https://api.test/", self.pem), DATA)

    def test_wrong_name(self):
        """A certificate for another name, or for the address, is refused."""
        for name in ("other.test", "192.0.2.1"):
            self.reactor.tcpClients.clear()
            pem = certificate_for(name)
            self.tls = BrowserLikePolicyForHTTPS(trustRoot=Certificate.loadPEM(pem))
            self.assertEqual(self.received(b"https://api.test/", pem), b"")

    def test_untrusted(self):
        """A certificate that nobody vouches for is refused."""
        self.assertEqual(self.received(b"https://api.test/", certificate_for("api.test")), b"")
