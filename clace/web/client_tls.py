"""The TLS connection of a client, as far as it tells who the client is."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate
from twisted.internet.interfaces import ISSLTransport

from clace.interfaces import ClientTLS
from clace.model import host_name


def client_tls(transport: Any) -> ClientTLS | None:
    """Return the TLS of a connection; None if it is a plain one."""
    if not ISSLTransport.providedBy(transport):
        return None
    encrypted: Any = transport
    connection: SSL.Connection = encrypted.getHandle()
    name = host_name((connection.get_servername() or b"").decode("latin-1"))
    certificate = connection.get_peer_certificate()
    # A session of before may go on with the certificate that was asked for then, under the name
    # that it has kept.
    if certificate is None:
        return ClientTLS(name=name, was_asked=connection.get_verify_mode() != SSL.VERIFY_NONE)
    return ClientTLS(
        name=name,
        was_asked=True,
        certificate=_der(certificate),
        issuers=tuple(map(_der, connection.get_peer_cert_chain() or ())),
    )


def _der(certificate: Any) -> bytes:
    encoded: bytes = dump_certificate(FILETYPE_ASN1, certificate)
    return encoded
