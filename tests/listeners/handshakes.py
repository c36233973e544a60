"""TLS in memory: Python's own client against the connections that our servers make."""

import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from OpenSSL import SSL

# Clients in these tests judge by the real clock, so certificates must hold at the real time.
NOW = datetime.now(UTC).replace(microsecond=0)


def pem_pair(name, *, start=NOW, days=90, organisation="Somebody"):
    """A certificate of a user for ``name``, and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
        ]
    )
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM), key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def write_pair(folder, stem, pair):
    certificate, key = pair
    (folder / f"{stem}.crt").write_bytes(certificate)
    (folder / f"{stem}.key").write_bytes(key)


def trusting(certificate=None, *, version=None):
    """A client that trusts this one certificate (PEM), or asks for none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if certificate is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=certificate.decode("ascii"))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


def shake_hands(server, context, name=None, session=None):
    """The client after the handshake and the tickets; what fails on either side is raised."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=name, session=session)
    server.set_accept_state()
    for _ in range(5):
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
        if outgoing.pending:
            server.bio_write(outgoing.read())
        with suppress(SSL.WantReadError):
            server.do_handshake()
        with suppress(SSL.WantReadError):
            incoming.write(server.bio_read(2**16))
    with suppress(ssl.SSLWantReadError):
        client.read()
    # A session that is not ended in order is not remembered.
    server.shutdown()
    return client


def subject_of(client):
    """Which certificate the client was shown, by the first of its names."""
    shown = x509.load_der_x509_certificate(client.getpeercert(binary_form=True))
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return str(names[0].value)
