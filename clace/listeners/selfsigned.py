"""Certificates that we make ourselves, for servers that have been given none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from clace.listeners.names import ip, server_name
from clace.listeners.pairs import ServerKey

ORGANISATION = "Clace Server"
LIFETIME = timedelta(days=365)
RENEWED_BEFORE = timedelta(days=30)
_CLOCKS_DIFFER = timedelta(hours=1)


def new_key() -> bytes:
    """A P-256 key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def issue(key: ServerKey, names: Iterable[str], now: datetime) -> x509.Certificate:
    """A certificate for ``names`` that is its own root; names that no client could ask for are
    left out.

    It says nothing on key usage: with that extension but without the right to sign certificates,
    OpenSSL before 3.0 does not take it for its own issuer.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION)])
    public, start = key.public_key(), now.astimezone(UTC) - _CLOCKS_DIFFER
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    builder = (
        x509.CertificateBuilder(subject, subject, public, x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
    )
    hashed_apart = not isinstance(key, ed25519.Ed25519PrivateKey)
    return builder.sign(key, SHA256() if hashed_apart else None)


def is_ours(certificate: x509.Certificate) -> bool:
    """Return true if the certificate was made here; nobody else's is ever replaced."""
    try:
        certificate.verify_directly_issued_by(certificate)
        names = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return [name.value for name in names] == [ORGANISATION]


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The names and addresses that it is for."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return ()
    return tuple(str(name.value) for name in extension.value)


def usable_names(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, as clients will ask for it."""
    return tuple(dict.fromkeys(name for each in names if (name := server_name(each))))


def _general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    return [
        x509.IPAddress(address) if (address := ip(name)) else x509.DNSName(name)
        for name in usable_names(names)
    ]
