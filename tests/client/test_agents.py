"""The way to a server follows from its address."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from clace.client.agents import ServerAddress, admin_client
from clace.errors import ConfigError, ServerUnreachable
from tests.client.test_tls import Issued

PEM_TEXT = Issued("localhost").certificate.public_bytes(Encoding.PEM).decode()


class AgentTests(SynchronousTestCase):
    def setUp(self):
        self.reactor = MemoryReactorClock()

    def ask(self, **address):
        """Start a request to the address."""
        client = admin_client(ServerAddress(**address), self.reactor)
        return Deferred.fromCoroutine(client.server_status())

    def test_tells_sockets_from_urls(self):
        """Everything that is no HTTP URL is the path of a socket."""
        for uri, is_socket in (("/run/x.sock", True), ("http://h", False), ("https://h", False)):
            self.assertEqual(ServerAddress(server_uri=uri).is_socket, is_socket)

    def test_opens_the_socket(self):
        """A path is opened as a UNIX socket, and shown no password."""
        self.ask(server_uri="/run/clace.sock", user="admin", password="secret")
        ((path, factory, *_),) = self.reactor.unixClients
        self.assertEqual(path, "/run/clace.sock")
        sent = self.sent_by(factory)
        self.assertIn(b"GET /_clace/server_status HTTP/1.1", sent)
        self.assertNotIn(b"Authorization", sent)

    def test_opens_http(self):
        """An HTTP URL is opened at its port, with the user and password."""
        self.ask(server_uri="http://127.0.0.1:25222", user="admin", password="secret")
        ((host, port, factory, *_),) = self.reactor.tcpClients
        self.assertEqual((host, port), ("127.0.0.1", 25222))
        token = b64encode(b"admin:secret")
        self.assertIn(b"Authorization: Basic " + token, self.sent_by(factory))

    def test_opens_https(self):
        """An HTTPS URL is opened with TLS; nothing is sent in the clear."""
        for options in ({"skip_cert_check": True}, {"ca_file": self.ca_file(PEM_TEXT)}, {}):
            self.reactor.tcpClients.clear()
            self.ask(server_uri="https://127.0.0.1:25223", user="admin", **options)
            ((host, port, _, *_),) = self.reactor.tcpClients
            self.assertEqual((host, port), ("127.0.0.1", 25223))

    def test_refuses_a_path_that_no_socket_can_have(self):
        """A path over what the system takes is said to be that."""
        address = ServerAddress(server_uri="/" + "é" * 60)
        error = self.assertRaises(ServerUnreachable, admin_client, address, self.reactor)
        self.assertIn("at most 107 bytes, not 121", error.message)

    def test_refuses_a_ca_file_without_certificates(self):
        """A ``ca_file`` that is missing, empty or no PEM is named."""
        for ca_file in (
            Path("/no/such/file"),
            self.ca_file("nothing"),
            self.ca_file("-----BEGIN CERTIFICATE-----\nxx"),
        ):
            address = ServerAddress(server_uri="https://h", ca_file=ca_file)
            error = self.assertRaises(ConfigError, admin_client, address, self.reactor)
            self.assertIn(str(ca_file), error.message)

    def ca_file(self, text):
        path = Path(self.mktemp())
        path.write_text(text, "utf-8")
        return path

    def sent_by(self, factory):
        protocol = factory.buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        return transport.value()
