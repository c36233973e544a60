"""An authority that signs certificates of clients, and lists of those it took back."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct
from OpenSSL.crypto import FILETYPE_ASN1, PKey, load_certificate

from clace.interfaces import ClientTLS

NOW = 1_700_000_000.0
HOST = "staff.example.com"
CLIENTS = (ExtendedKeyUsageOID.CLIENT_AUTH,)
SERVERS = (ExtendedKeyUsageOID.SERVER_AUTH,)


class Head(Struct):
    """The head of a request, as far as certificates go."""

    tls: ClientTLS | None
    host: str = HOST
    scheme: str = "https"
    address: str = "192.0.2.7"


def name_of(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """Signs for as long as it is asked to, from ``now`` on."""

    def __init__(self, name="Staff CA", now=NOW, parent=None, key=None, **options):
        self.now = datetime.fromtimestamp(now, UTC)
        self.name = name
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        signer = parent or self
        self.certificate = self._signed(self.key.public_key(), name, signer, is_ca=True, **options)

    def _signed(
        self,
        public,
        name,
        signer,
        *,
        usage=(),
        more=(),
        subject=None,
        days=30,
        is_ca=False,
        start=0,
    ):
        subject = name_of(name) if subject is None else subject
        constraints = x509.BasicConstraints(ca=is_ca, path_length=None)
        begin = self.now + timedelta(days=start)
        builder = (
            x509.CertificateBuilder(name_of(signer.name), subject, public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin - timedelta(minutes=1))
            .not_valid_after(begin + timedelta(days=days))
            .add_extension(constraints, critical=True)
        )
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        for each in more:
            builder = builder.add_extension(each, critical=False)
        return builder.sign(signer.key, SHA256())

    def client(self, name="ann", **options):
        """The certificate of a client, and its key in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(key.public_key(), name, self, **options)
        return certificate, key

    def revoked(self, *certificates, days=7):
        """The list of those that were taken back, in PEM."""
        builder = x509.CertificateRevocationListBuilder(
            name_of(self.name), self.now - timedelta(minutes=1), self.now + timedelta(days=days)
        )
        for each in certificates:
            entry = x509.RevokedCertificateBuilder(each.serial_number, self.now).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM)


def signed_again(der, signer, digest="sha256"):
    """A certificate of these bytes, which ``cryptography`` would not make or sign so."""
    found = load_certificate(FILETYPE_ASN1, der)
    found.sign(PKey.from_cryptography_key(signer.key), digest)
    return found.to_cryptography()


def key_pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
