"""Certificates are looked at, and a refusal names the check; in memory, without a network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL.crypto import X509, PKey
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import Certificate, CertificateOptions, trustRootFromCertificates
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.test import iosim
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from clace.client.tls import CertificatePolicy, CertificateRefused

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


class Issued:
    """A key and its certificate, self-signed unless an issuer is given."""

    def __init__(self, *hosts, issuer=None, start=NOW - DAY, end=NOW + DAY):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name(hosts[0] if hosts else "nobody")
        signer = issuer or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True)
        )
        if hosts:
            names = x509.SubjectAlternativeName([general_name(host) for host in hosts])
            builder = builder.add_extension(names, False)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    def root(self):
        return trustRootFromCertificates([Certificate(X509.from_cryptography(self.certificate))])

    def options(self):
        return CertificateOptions(
            privateKey=PKey.from_cryptography_key(self.key),
            certificate=X509.from_cryptography(self.certificate),
        )


def general_name(host):
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


@implementer(IHandshakeListener)
class Watcher(Protocol):
    """Remembers how the handshake ended."""

    outcome = None

    def handshakeCompleted(self):
        self.outcome = "accepted"

    def connectionLost(self, reason):
        self.outcome = self.outcome or reason.value


class PolicyTests(SynchronousTestCase):
    def shake_hands(self, policy, issued, host="localhost"):
        """What a client with this policy makes of a server with this certificate."""
        creator = policy.creatorForNetloc(host.encode("ascii"), 443)
        client = self.tls(creator, is_client=True)
        watcher = client.wrappedProtocol
        server = self.tls(issued.options(), is_client=False)
        pump = iosim.connect(
            server,
            iosim.FakeTransport(server, isServer=True),
            client,
            iosim.FakeTransport(client, isServer=False),
        )
        pump.flush()
        return watcher.outcome

    def tls(self, options, *, is_client):
        factory = TLSMemoryBIOFactory(
            options, is_client, Factory.forProtocol(Watcher), clock=Clock()
        )
        return factory.buildProtocol(None)

    def accepts(self, *arguments, **options):
        self.assertEqual(self.shake_hands(*arguments, **options), "accepted")

    def refuses(self, text, *arguments, **options):
        outcome = self.shake_hands(*arguments, **options)
        self.assertIsInstance(outcome, CertificateRefused)
        self.assertIn(text, str(outcome))

    def test_accepts_what_the_roots_vouch_for(self):
        """A certificate of a trusted root for the host, by name or address."""
        root = Issued("root")
        leaf = Issued("localhost", "127.0.0.1", "::1", issuer=root)
        policy = CertificatePolicy(root.root())
        for host in ("localhost", "127.0.0.1", "::1"):
            self.accepts(policy, leaf, host=host)

    def test_accepts_a_self_signed_one_as_its_own_root(self):
        """The server's own certificate can be the ``ca_file``."""
        own = Issued("localhost")
        self.accepts(CertificatePolicy(own.root()), own)

    def test_refuses_an_unknown_self_signed_one(self):
        """A self-signed certificate is said to be one."""
        policy = CertificatePolicy(Issued("root").root())
        self.refuses("self-signed and not among the trusted roots", policy, Issued("localhost"))

    def test_refuses_an_unknown_issuer(self):
        """A certificate of somebody else's root is refused for its issuer."""
        leaf = Issued("localhost", issuer=Issued("other"))
        policy = CertificatePolicy(Issued("root").root())
        self.refuses("its issuer is not among the trusted roots", policy, leaf)

    def test_refuses_what_has_expired(self):
        """An expired certificate is refused for that, and so is one from the future."""
        root = Issued("root")
        policy = CertificatePolicy(root.root())
        expired = Issued("localhost", issuer=root, start=NOW - 3 * DAY, end=NOW - DAY)
        self.refuses("it has expired", policy, expired)
        early = Issued("localhost", issuer=root, start=NOW + DAY, end=NOW + 2 * DAY)
        self.refuses("it is not valid yet", policy, early)

    def test_refuses_another_host(self):
        """A certificate for another name or address is refused by service identity."""
        root = Issued("root")
        policy = CertificatePolicy(root.root())
        leaf = Issued("example.com", "192.0.2.1", issuer=root)
        for host in ("localhost", "127.0.0.1", "www.example.com"):
            self.refuses(f"it is for another host than {host}", policy, leaf, host=host)

    def test_refuses_one_without_names(self):
        """A certificate that names no host is for none."""
        root = Issued("root")
        policy = CertificatePolicy(root.root())
        self.refuses("it names no host", policy, Issued(issuer=root))

    def test_accepts_anything_if_told_so(self):
        """Without verification even an expired certificate for another host is taken."""
        expired = Issued("example.com", start=NOW - 3 * DAY, end=NOW - DAY)
        self.accepts(CertificatePolicy(None), expired)

    def test_sends_the_name_either_way(self):
        """The server is told which host is meant, but for addresses."""
        for policy in (CertificatePolicy(None), CertificatePolicy(Issued("root").root())):
            for host, sent in ((b"tools.example.com", b"tools.example.com"), (b"::1", None)):
                creator = policy.creatorForNetloc(host, 443)
                client = TLSMemoryBIOFactory(
                    creator, True, Factory.forProtocol(Protocol), clock=Clock()
                ).buildProtocol(None)
                connection = creator.clientConnectionForTLS(client)
                self.assertEqual(connection.get_servername(), sent)
