"""The way to a server follows from its address."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.operation import Nothing
from clace.admin_api.server import SERVER_STATUS
from clace.client.agents import admin_client
from clace.errors import BadRequest, ConfigError
from clace.server_target import ServerTarget
from tests.client.test_tls import Issued

PEM_TEXT = Issued("localhost").certificate.public_bytes(Encoding.PEM).decode()


class AgentTests(SynchronousTestCase):
    def setUp(self):
        self.reactor = MemoryReactorClock()

    def ask(self, **address):
        """Start a request to the address."""
        client = admin_client(ServerTarget(**address), self.reactor)
        return Deferred.fromCoroutine(client.perform(SERVER_STATUS, Nothing()))

    def test_opens_http(self):
        """An HTTP URL is opened at its port, with the user and password."""
        self.ask(uri="http://127.0.0.1:25222", user="admin", password="secret")
        ((host, port, factory, *_),) = self.reactor.tcpClients
        self.assertEqual((host, port), ("127.0.0.1", 25222))
        token = b64encode(b"admin:secret")
        self.assertIn(b"Authorization: Basic " + token, self.sent_by(factory))

    def test_guesses_nothing(self):
        """Without a password none is sent, for an empty one would count as a failed sign-in."""
        self.ask(uri="http://127.0.0.1:25222", user="admin")
        ((_, _, factory, *_),) = self.reactor.tcpClients
        self.assertNotIn(b"Authorization", self.sent_by(factory))

    def test_shows_a_token(self):
        """A token goes in the place of user and password, and so does the name to act as."""
        self.ask(uri="http://h", user="admin", password="x", token="clace_t", as_user="jö")
        ((_, _, factory, *_),) = self.reactor.tcpClients
        sent = self.sent_by(factory)
        self.assertIn(b"Authorization: Bearer clace_t\r\n", sent)
        self.assertNotIn(b"Basic", sent)
        self.assertIn("X-Clace-As-User: jö\r\n".encode(), sent)

    def test_refuses_headers_in_names(self):
        """What would be a header of its own is sent in none."""
        for options in ({"token": "a\r\nb: c"}, {"as_user": "a\nb"}, {"as_user": "\udcff"}):
            address = ServerTarget(uri="http://h", **options)
            self.assertRaises(BadRequest, admin_client, address, self.reactor)

    def test_opens_https(self):
        """An HTTPS URL is opened with TLS; nothing is sent in the clear."""
        for options in ({"skip_cert_check": True}, {"ca_file": self.ca_file(PEM_TEXT)}, {}):
            self.reactor.tcpClients.clear()
            self.ask(uri="https://127.0.0.1:25223", user="admin", **options)
            ((host, port, _, *_),) = self.reactor.tcpClients
            self.assertEqual((host, port), ("127.0.0.1", 25223))

    def test_refuses_a_ca_file_without_certificates(self):
        """A ``ca_file`` that is missing, empty or no PEM is named."""
        for ca_file in (
            Path("/no/such/file"),
            self.ca_file("nothing"),
            self.ca_file("-----BEGIN CERTIFICATE-----\nxx"),
        ):
            address = ServerTarget(uri="https://h", ca_file=ca_file)
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
