"""Tests for ``clace.listeners.endpoints`` and the plugin that names the prefix."""

import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet import tcp
from twisted.internet.address import IPv4Address
from twisted.internet.defer import succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.test.iosim import FakeTransport, connect
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from clace.errors import ListenError
from clace.listeners.certificates import CertificateStore
from clace.listeners.endpoints import TLSByNameEndpoint
from clace.listeners.plain_http import PLAIN_HTTP
from clace.listeners.selfsigned import names_of
from clace.listeners.tls_socket import TLSServer
from tests.listeners.handshakes import NOW, pem_pair, write_pair
from tests.listeners.tls_sockets import Turns


class Greeting(Protocol):
    """Answers with the address it sees, and closes."""

    def dataReceived(self, data):
        self.transport.write(b"hello " + self.transport.getPeer().host.encode())
        self.transport.loseConnection()


class Listening(Protocol):
    """Says something and keeps what it is told."""

    received = b""
    reason = None

    def connectionMade(self):
        self.transport.write(b"anybody there?")

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.reason = reason


class EndpointTestCase(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        self.reactor = MemoryReactorClock()
        self.reactor.advance(NOW.timestamp())

    def listen(self, inner="tcp:443:interface=127.0.0.1", options=""):
        endpoint = serverFromString(self.reactor, f"clace-tls:{self.folder}:{inner}{options}")
        self.endpoint = endpoint
        return self.successResultOf(endpoint.listen(Factory.forProtocol(Greeting)))

    def default(self):
        return x509.load_pem_x509_certificate((self.folder / "default.crt").read_bytes())

    def visit(self, name, first=b""):
        """What a verifying client of Twisted receives that asks for ``name``."""
        trusted = Certificate.loadPEM((self.folder / "default.crt").read_bytes())
        options = optionsForClientTLS(name, trustRoot=trusted)
        visitor = Listening()
        client_factory = Factory.forProtocol(lambda: visitor)
        encrypted = TLSMemoryBIOFactory(options, True, client_factory, clock=self.reactor)
        client = encrypted.buildProtocol(None)
        server = self.reactor.tcpServers[0][1].buildProtocol(IPv4Address("TCP", "10.0.0.1", 1))
        there = FakeTransport(server, True, peerAddress=IPv4Address("TCP", "10.0.0.1", 1))
        here = FakeTransport(client, False)
        if first:
            here.write(first)
        connect(server, there, client, here, clock=self.reactor).flush()
        return visitor


class TLSByNameEndpointTests(EndpointTestCase):
    def test_interfaces(self):
        """It is an endpoint whose port can be closed."""
        port = self.listen()
        verifyObject(IStreamServerEndpoint, self.endpoint)
        verifyObject(IListeningPort, port)
        port.startListening()
        self.assertEqual(port.getHost().port, 443)

    def test_wraps_endpoint(self):
        """What follows the folder is an endpoint string of its own."""
        self.listen("tcp6:8443:backlog=7", ":interface=\\:\\:1")
        [(port, _, backlog, interface)] = self.reactor.tcpServers
        self.assertEqual((port, backlog, interface), (8443, 7, "::1"))

    def test_verified_by_twisted(self):
        """With the certificate it made as root, service-identity accepts names and addresses."""
        self.listen(options=":names=tools.example.com,ci.example.com")
        for name in ("tools.example.com", "ci.example.com", "localhost", "127.0.0.1", "::1"):
            self.assertEqual(self.visit(name).received, b"hello 10.0.0.1", name)

    def test_refused_for_other_names(self):
        """For a name that it is not for, a verifying client breaks off."""
        self.listen()
        visitor = self.visit("other.example.com")
        self.assertEqual(visitor.received, b"")
        self.assertIsNotNone(visitor.reason.check(VerificationError, SSL.Error))

    def test_proxy_protocol_inside(self):
        """The address that a proxy names before the handshake is the one that is seen."""
        self.listen("haproxy:tcp:443")
        visitor = self.visit("localhost", b"PROXY TCP4 192.0.2.7 10.0.0.1 5 443\r\n")
        self.assertEqual(visitor.received, b"hello 192.0.2.7")

    def test_plain_http(self):
        """A client without TLS is told so, and one that speaks neither is closed on."""
        for inner, first in (
            ("haproxy:tcp:443", b"PROXY TCP4 192.0.2.7 10.0.0.1 5 443\r\n"),
            ("tcp:443", b""),
        ):
            self.reactor.tcpServers.clear()
            self.listen(inner)
            for said, told in (
                (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", True),
                (b"SSH-2.0-OpenSSH_9.2\r\n", False),
            ):
                address = IPv4Address("TCP", "10.0.0.1", 1)
                server = self.reactor.tcpServers[0][1].buildProtocol(address)
                transport = StringTransport(peerAddress=address)
                server.makeConnection(transport)
                server.dataReceived(first + said)
                self.assertEqual(PLAIN_HTTP in transport.value(), told)
                self.assertNotIn(b"hello", transport.value())
                self.assertTrue(transport.disconnecting)

    def test_folder_with_any_name(self):
        """A folder whose name has the letters of endpoint strings can be used."""
        self.folder = self.folder / "a=b"
        quoted = f"{self.folder}".replace("=", "\\=")
        endpoint = serverFromString(self.reactor, f"clace-tls:{quoted}:tcp:443")
        self.successResultOf(endpoint.listen(Factory.forProtocol(Greeting)))
        self.assertTrue((self.folder / "default.crt").exists())

    def test_lookup(self):
        """Certificates by name are looked for unless told otherwise."""
        self.folder.mkdir()
        write_pair(self.folder, "a.example", pem_pair("a.example"))
        self.listen(options=":lookup=no")
        self.assertEqual(self.visit("a.example").received, b"")

    def test_reading_the_string_writes_nothing(self):
        """Only listening makes files."""
        serverFromString(self.reactor, f"clace-tls:{self.folder}:tcp:443")
        self.assertFalse(self.folder.exists())

    def test_refuses_other_forms(self):
        """A string of another form says what was expected."""
        for string in ("clace-tls:", "clace-tls:/certs", "clace-tls:/certs:tcp:443:lookup=maybe"):
            refused = self.assertRaises(ValueError, serverFromString, self.reactor, string)
            self.assertIn("expected", str(refused))

    def test_failure_of_certificates(self):
        """Without a usable certificate it does not listen."""
        self.folder.mkdir()
        (self.folder / "default.crt").write_bytes(b"")
        endpoint = serverFromString(self.reactor, f"clace-tls:{self.folder}:tcp:443")
        self.failureResultOf(endpoint.listen(Factory.forProtocol(Greeting)), ListenError)
        self.assertEqual(self.reactor.tcpServers, [])

    def test_failure_of_wrapped(self):
        """When the port is taken there is no upkeep either."""

        def taken(*_, **__):
            raise CannotListenError("", 443, OSError(98, "Address already in use"))

        self.reactor.listenTCP = taken
        endpoint = serverFromString(self.reactor, f"clace-tls:{self.folder}:tcp:443")
        self.failureResultOf(endpoint.listen(Factory.forProtocol(Greeting)), CannotListenError)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


@implementer(IStreamServerEndpoint)
class Ports:
    """An endpoint whose ports are those of the real reactor, never opened."""

    def __init__(self, reactor, wrap=lambda factory: factory, transport=tcp.Server):
        self.reactor = reactor
        self.wrap = wrap
        self.transport = transport

    def listen(self, protocolFactory):
        self.port = tcp.Port(0, self.wrap(protocolFactory), reactor=self.reactor)
        self.port.transport = self.transport
        return succeed(self.port)


class TransportTests(EndpointTestCase):
    def listen_at(self, ports):
        self.greetings = Factory.forProtocol(Greeting)
        store = CertificateStore(self.folder, lambda: NOW, ("localhost",))
        self.successResultOf(TLSByNameEndpoint(ports, store, self.reactor).listen(self.greetings))
        return ports.port

    def test_on_the_socket(self):
        """Connections of a TCP port are encrypted on the socket, with nothing in between."""
        port = self.listen_at(Ports(self.reactor))
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        protocol = port.factory.buildProtocol(None)
        made = port.transport(ours, protocol, ("127.0.0.1", 1), port, 0, Turns())
        self.assertEqual((type(made), made.protocol), (TLSServer, protocol))
        self.assertIs(port.factory, self.greetings)

    def test_behind_a_wrapper(self):
        """Where another wrapper hears the bytes first, TLS takes them from that one."""
        port = self.listen_at(Ports(self.reactor, HAProxyWrappingFactory))
        self.assertIs(port.transport, tcp.Server)
        self.assertIsInstance(port.factory.wrappedFactory, TLSMemoryBIOFactory)

    def test_other_transports(self):
        """A port with a transport of its own keeps it."""

        class Other(tcp.Server):
            pass

        ports = Ports(self.reactor, transport=Other)
        self.assertIs(self.listen_at(ports).transport, Other)


class UpkeepTests(EndpointTestCase):
    def test_renews_while_listening(self):
        """A server that is never restarted renews its certificate in time."""
        self.listen()
        before = self.default()
        for _ in range(340):
            self.reactor.advance(timedelta(days=1).total_seconds())
        self.assertGreater(self.default().not_valid_after_utc, before.not_valid_after_utc)
        self.assertEqual(names_of(self.default()), names_of(before))

    def test_ends_with_the_port(self):
        """A closed port leaves no timer behind; closing it twice does no harm."""
        port = self.listen()
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)
        port.stopListening()
        port.stopListening()
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class PluginTests(SynchronousTestCase):
    def test_imports_nothing_of_ours(self):
        """Every ``twistd`` on the machine reads the plugin file; it costs them nothing."""
        program = (
            "import sys, twisted.plugins.clace_endpoints\n"
            "print([name for name in sys.modules if name.split('.')[0] in ('clace', 'OpenSSL')])"
        )
        root = Path(__file__).parent.parent.parent
        found = subprocess.run(
            [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
        )
        self.assertEqual(found.stdout.strip(), "[]")
