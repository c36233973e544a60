"""Each kind of endpoint, opened for real and asked for a page over it."""

import os
import socket
import sys
import tempfile
from pathlib import Path
from shutil import rmtree

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    UNIXClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory, ProcessProtocol, Protocol
from twisted.internet.ssl import Certificate, CertificateOptions, optionsForClientTLS
from twisted.trial.unittest import TestCase

from clace.errors import ListenError
from clace.listeners.defaults import has_dual_stack
from tests.listeners.handshakes import pem_pair
from tests.system.serving import mirrors

ROOT = Path(__file__).parent.parent.parent
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Visit(Protocol):
    """One request; ``answer`` fires with all that comes back."""

    def __init__(self, first):
        self.first = first
        self.received = b""
        self.answer = Deferred()

    def connectionMade(self):
        self.transport.write(self.first + REQUEST)

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.answer.callback(self.received)


async def ask(endpoint, first=b""):
    """The body that a server answers with."""
    visit = await endpoint.connect(Factory.forProtocol(lambda: Visit(first)))
    head, _, body = (await visit.answer).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise AssertionError(head)
    return body.decode()


def tcp(port):
    return TCP4ClientEndpoint(reactor, "127.0.0.1", port, timeout=5)


def verified(endpoint, name, certificate):
    """TLS that believes nobody but this certificate (PEM)."""
    options = optionsForClientTLS(name, trustRoot=Certificate.loadPEM(certificate))
    return wrapClientTLS(options, endpoint)


class ListenerTestCase(TestCase):
    timeout = 20

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="clace-"))
        self.addCleanup(rmtree, self.folder)

    def serve(self, endpoint, **options):
        """Where this endpoint, now open, is."""
        self.listeners = mirrors(endpoint, **options)
        self.listeners.startService()
        self.addCleanup(self.listeners.stopService)
        return self.listeners.addresses()[0]


class EndpointTests(ListenerTestCase):
    async def test_tcp(self):
        """``tcp:`` serves; port 0 becomes one that can be asked for."""
        address = self.serve("tcp:0:interface=127.0.0.1")
        self.assertEqual(address.url, f"http://127.0.0.1:{address.port}")
        self.assertEqual(await ask(tcp(address.port)), "127.0.0.1 openly")

    async def test_tcp6(self):
        """``tcp6:`` serves on IPv6."""
        address = self.serve("tcp6:0:interface=\\:\\:1")
        endpoint = TCP6ClientEndpoint(reactor, "::1", address.port, timeout=5)
        self.assertEqual(await ask(endpoint), "::1 openly")

    async def test_all_interfaces(self):
        """``tcp6:`` without an interface serves IPv4 too, which is what the default relies on."""
        address = self.serve("tcp6:0")
        self.assertEqual(await ask(tcp(address.port)), "::ffff:127.0.0.1 openly")

    if not has_dual_stack():
        test_all_interfaces.skip = "no IPv6 on this machine"
        test_tcp6.skip = "no IPv6 on this machine"

    async def test_unix(self):
        """``unix:`` serves on a socket of the owner alone, whose file goes with the server."""
        path = self.folder / "run" / "clace.sock"
        address = self.serve(f"unix:{path}:mode=600", serve="admin")
        self.assertEqual(address.url, f"unix:{path}")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(path.parent.stat().st_mode & 0o777, 0o700)
        self.assertEqual(await ask(UNIXClientEndpoint(reactor, str(path))), "a socket openly")
        await self.listeners.stopService()
        self.assertFalse(path.exists())

    async def test_ssl(self):
        """``ssl:`` serves with the certificate of two files."""
        certificate, key = pem_pair("localhost")
        (self.folder / "s.crt").write_bytes(certificate)
        (self.folder / "s.key").write_bytes(key)
        address = self.serve(
            f"ssl:0:interface=127.0.0.1:privateKey={self.folder}/s.key:certKey={self.folder}/s.crt"
        )
        self.assertEqual(address.scheme, "https")
        visitor = verified(tcp(address.port), "localhost", certificate)
        self.assertEqual(await ask(visitor), "127.0.0.1 securely")

    async def test_clace_tls(self):
        """``clace-tls:`` serves with a certificate it makes, which clients can verify."""
        address = self.serve(f"clace-tls:{self.folder}/certs:tcp:0:interface=127.0.0.1")
        certificate = (self.folder / "certs" / "default.crt").read_bytes()
        for name in ("localhost", "127.0.0.1"):
            visitor = verified(tcp(address.port), name, certificate)
            self.assertEqual(await ask(visitor), "127.0.0.1 securely")

    async def test_haproxy(self):
        """``haproxy:`` believes the address that the proxy names."""
        address = self.serve("haproxy:tcp:0:interface=127.0.0.1")
        answer = await ask(tcp(address.port), b"PROXY TCP4 192.0.2.7 127.0.0.1 5 80\r\n")
        self.assertEqual(answer, "192.0.2.7 openly")


class Inherited(ProcessProtocol):
    """A server in a process that was started with an open socket, as by systemd."""

    def __init__(self):
        self.ended = Deferred()
        self.output = b""

    def errReceived(self, data):
        self.output += data

    def processEnded(self, reason):
        self.ended.callback(self.output)


class SystemdTests(ListenerTestCase):
    def start(self, endpoint, descriptor):
        """The server as systemd starts it: file 3 is its socket, and it is told so."""
        server = Inherited()
        script = 'LISTEN_PID=$$ exec "$0" -m tests.system.serving "$1"'
        self.process = reactor.spawnProcess(
            server,
            "/bin/sh",
            ["/bin/sh", "-c", script, sys.executable, endpoint],
            env={**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"},
            path=str(ROOT),
            childFDs={0: "w", 1: "r", 2: "r", 3: descriptor},
        )
        return server

    async def test_systemd(self):
        """``systemd:`` serves on the socket it was given, by number and by name."""
        for endpoint in ("systemd:domain=INET:index=0", "systemd:domain=INET:name=web"):
            with socket.create_server(("127.0.0.1", 0)) as given:
                port = given.getsockname()[1]
                server = self.start(endpoint, given.fileno())
            try:
                self.assertEqual(await ask(tcp(port)), "127.0.0.1 openly")
            finally:
                self.process.signalProcess("TERM")
                await server.ended

    async def test_systemd_with_tls(self):
        """``clace-tls:`` encrypts a socket from systemd like any other."""
        with socket.create_server(("127.0.0.1", 0)) as given:
            port = given.getsockname()[1]
            endpoint = f"clace-tls:{self.folder}:systemd:domain=INET:name=web"
            server = self.start(endpoint, given.fileno())
        try:
            visitor = wrapClientTLS(CertificateOptions(verify=False), tcp(port))
            self.assertEqual(await ask(visitor), "127.0.0.1 securely")
        finally:
            self.process.signalProcess("TERM")
            await server.ended

    async def test_nothing_given(self):
        """Without a socket from systemd the server says so in one line and ends."""
        with socket.create_server(("127.0.0.1", 0)) as given:
            server = self.start("systemd:domain=INET:index=1", given.fileno())
            self.assertEqual(
                await server.ended,
                b"clace: cannot listen on systemd:domain=INET:index=1: systemd handed over nothing "
                b"by that number or name, see LISTEN_FDNAMES\n",
            )


class RefusalTests(ListenerTestCase):
    async def test_taken_port(self):
        """A taken port is one line, and what was open already is closed again."""
        with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            first = free.getsockname()[1]
            free.close()
            endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
            listeners = mirrors(f"tcp:{first}:interface=127.0.0.1", endpoint)
            refused = self.assertRaises(ListenError, listeners.open)
        self.assertEqual(refused.message, f"cannot listen on {endpoint}: address already in use")
        await self.assertFailure(tcp(first).connect(Factory.forProtocol(Protocol)), ConnectError)

    async def test_live_and_stale_socket(self):
        """A socket that answers is another server's; one that nobody answers is replaced."""
        path = self.folder / "clace.sock"
        endpoint = f"unix:{path}:mode=600:lockfile=0"
        self.serve(endpoint)
        refused = self.assertRaises(ListenError, mirrors(endpoint).open)
        self.assertIn("another server already running", refused.message)
        await self.listeners.stopService()
        with socket.socket(socket.AF_UNIX) as killed:
            killed.bind(str(path))
        self.serve(endpoint)
        self.assertEqual(await ask(UNIXClientEndpoint(reactor, str(path))), "a socket openly")
