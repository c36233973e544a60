"""The key with which this server signs what it asks a SAML provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from msgspec import Struct
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

from clace.errors import ConfigError
from clace.identity.saml.markup import NAMESPACES, Element, children
from clace.private_files import make_private_folder, replace_file

_BITS = 2048
_LEAST_BITS = 2048
_LIFETIME = timedelta(days=3650)
_CLOCKS_DIFFER = timedelta(hours=1)
_C14N = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0


class SamlKey(Struct, frozen=True):
    """An RSA key and its certificate: the kind of key that every provider can check."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, padding.PKCS1v15(), SHA256())

    def signed(self, root: Element) -> Element:
        """Return the message with a signature in it, where SAML wants it: after the issuer."""
        signer = XMLSigner(c14n_algorithm=_C14N)
        signed = signer.sign(
            root, key=self.key, cert=[self.certificate], reference_uri=f"#{root.get('ID')}"
        )
        issuer = signed.find("saml:Issuer", NAMESPACES)
        issuer.addnext(children(signed, "ds:Signature")[0])
        return signed


def read_key(key_file: Path, certificate_file: Path) -> SamlKey:
    """:raises ConfigError: if a file cannot be read, or the two do not belong together."""
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{error.filename}: cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{key_file}, {certificate_file}: expected a key and a certificate in PEM"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _LEAST_BITS:
        raise ConfigError(f"{key_file}: expected an RSA key of at least {_LEAST_BITS} bits")
    if certificate.public_key() != key.public_key():
        raise ConfigError(f"{certificate_file}: is not the certificate of {key_file}")
    return SamlKey(key, certificate)


def kept_key(folder: Path, name: str, now: float) -> SamlKey:
    """Return the key made for ``sp_key_file = "random"``: at the first start, and kept, or the
    provider would have to be told another at every start.

    :raises ConfigError: if it cannot be written or read.
    """
    files = folder / f"{name}.key", folder / f"{name}.crt"
    try:
        make_private_folder(folder)
        if not files[1].exists():
            _make(*files, name, now)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from error
    return read_key(*files)


def _make(key_file: Path, certificate_file: Path, name: str, now: float) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # The certificate comes last: a start that was interrupted before makes both anew.
    replace_file(key_file, pem, 0o600)
    replace_file(certificate_file, self_signed(key, name, now).public_bytes(Encoding.PEM), 0o644)


def self_signed(key: rsa.RSAPrivateKey, name: str, now: float) -> x509.Certificate:
    """Return a certificate that a provider reads the key from; nobody follows it to a root."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Clace {name}"[:64])])
    start = datetime.fromtimestamp(now, UTC) - _CLOCKS_DIFFER
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIFETIME)
        .sign(key, SHA256())
    )
