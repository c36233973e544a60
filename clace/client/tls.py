"""Verification of a server's certificate, and the error for one that is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from OpenSSL import SSL
from OpenSSL.crypto import X509
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import (
    verify_certificate_hostname,
    verify_certificate_ip_address,
)
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

# X509_V_ERR_* of OpenSSL that operators meet.
_REASONS = {
    2: "its issuer is not among the trusted roots",
    7: "its signature is not valid",
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed and not among the trusted roots",
    19: "its chain ends in a root that is not trusted",
    20: "its issuer is not among the trusted roots",
    21: "its issuer is not among the trusted roots",
    23: "it was revoked",
    24: "its issuer may not issue certificates",
    26: "it was not issued for servers",
}


class CertificateRefused(Exception):
    """The server's certificate did not pass a check; the text says which."""


@implementer(IPolicyForHTTPS)
class CertificatePolicy:
    """Certificates must descend from ``trust_root`` and be for the host, or anything goes."""

    def __init__(self, trust_root: Any) -> None:
        """Without a ``trust_root`` nothing is verified: anybody between can be the server."""
        self._verified = trust_root is not None
        if trust_root is None:
            self._options = CertificateOptions(verify=False)
        else:
            self._options = CertificateOptions(trustRoot=trust_root)

    def creatorForNetloc(
        self,
        hostname: bytes,
        port: int,  # noqa: ARG002
    ) -> IOpenSSLClientConnectionCreator:
        host = hostname.decode("ascii")
        return _Connections(self._options.getContext(), host, verified=self._verified)


@implementer(IOpenSSLClientConnectionCreator)
class _Connections:
    """Makes the TLS side of connections to one host."""

    def __init__(self, context: SSL.Context, host: str, *, verified: bool) -> None:
        self._context = context
        self._host = host
        self._is_address = isIPAddress(host) or isIPv6Address(host)
        self._verified = verified

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        connection = SSL.Connection(self._context, None)
        if not self._is_address:
            connection.set_tlsext_host_name(self._host.encode("ascii"))
        if self._verified:
            check = partial(self._check, protocol.failVerification)
            connection.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, check)
        return connection

    def _check(
        self,
        refuse: Callable[[Failure], None],
        _connection: SSL.Connection,
        certificate: X509,
        code: int,
        depth: int,
        passed: int,
    ) -> bool:
        # An exception must not leave a callback of OpenSSL: it would be lost there.
        try:
            reason = "" if passed else _REASONS.get(code, f"check {code} of OpenSSL failed")
            if passed and depth == 0:
                reason = self._mismatch(certificate)
        except Exception as error:  # noqa: BLE001
            reason = f"it cannot be read: {error}"
        if reason:
            refuse(Failure(CertificateRefused(reason)))
        return not reason

    def _mismatch(self, certificate: X509) -> str:
        """Why the certificate is not for this host; nothing if it is."""
        leaf = certificate.to_cryptography()
        verify = verify_certificate_ip_address if self._is_address else verify_certificate_hostname
        try:
            verify(leaf, self._host)
        except VerificationError:
            return f"it is for another host than {self._host}"
        except CertificateError:
            return f"it names no host, not even {self._host}"
        return ""
