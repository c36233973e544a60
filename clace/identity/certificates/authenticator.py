"""Client certificates as a kind of sign-in for apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cryptography import x509
from cryptography.x509.oid import NameOID
from zope.interface import implementer

from clace.errors import ConfigError, Misdirected, NotAuthenticated
from clace.identity.certificates.authorities import FAILED, Authorities
from clace.identity.certificates.trail import CertificateTrail
from clace.interfaces import ClientTLS, IAuthenticator, RequestHead
from clace.model import Assurance, Identity

REQUIRED = "client certificate required"
TURNED_OFF = (
    "client certificates are turned off: set https.disable_client_certs to false to use this app"
)
_CERT = "cert"


@implementer(IAuthenticator)
class CertificateSignIn:
    """Admits clients with a certificate of the authorities of one entry.

    The certificate counts for the name under which the client was asked for it, and no other: a
    client that meant it for one app has not shown it to the next.
    """

    def __init__(self, setting: str, authorities: Authorities, trail: CertificateTrail) -> None:
        self._setting = setting
        self._authorities = authorities
        self._trail = trail

    async def identify(self, head: RequestHead) -> Identity:
        tls = head.tls
        if tls is None:
            raise NotAuthenticated(f"{REQUIRED}: {_way_of(head)}")
        if not tls.was_asked or tls.name != head.host:
            raise Misdirected(
                "this connection was not opened for this name, so no client certificate was asked "
                "for; open another one"
            )
        if not tls.certificate:
            raise NotAuthenticated(REQUIRED)
        try:
            identity = self._identity(self._verified(tls))
        except NotAuthenticated as error:
            self._trail.refused(self._setting, head.address, error.message)
            raise
        self._trail.came(identity, head.address)
        return identity

    def _identity(self, certificate: x509.Certificate) -> Identity:
        try:
            subject, name = certificate.subject.rfc4514_string(), _common_name(certificate)
        except (ValueError, TypeError) as error:
            raise NotAuthenticated(f"{FAILED}: its subject cannot be read") from error
        return Identity(
            user_id=self._setting,
            subject=subject,
            name=name or subject,
            assurance=Assurance.CERTIFICATE,
        )

    def _verified(self, tls: ClientTLS) -> x509.Certificate:
        try:
            certificate, *issuers = map(
                x509.load_der_x509_certificate, (tls.certificate, *tls.issuers)
            )
        except ValueError as error:
            raise NotAuthenticated(FAILED) from error
        self._authorities.check(certificate, issuers)
        return certificate


@implementer(IAuthenticator)
class TurnedOff:
    """Stands for every entry while client certificates are turned off."""

    async def identify(self, head: RequestHead) -> Identity:  # noqa: ARG002
        raise ConfigError(TURNED_OFF)


def certificate_kinds(
    entries: Mapping[str, Authorities], trail: CertificateTrail, *, disabled: bool
) -> Callable[[str], IAuthenticator | None]:
    """Return the row of ``cert`` and ``cert_NAME`` in the table of settings."""
    known = {name: CertificateSignIn(name, found, trail) for name, found in entries.items()}

    def make(setting: str) -> IAuthenticator | None:
        if disabled and is_certificate_setting(setting):
            return TurnedOff()
        return known.get(setting)

    return make


def is_certificate_setting(setting: str) -> bool:
    return setting == _CERT or setting.startswith(f"{_CERT}_")


def _way_of(head: RequestHead) -> str:
    if head.scheme == "https":
        return "a proxy ended TLS before this server, which was shown none"
    return "it can be shown over HTTPS only"


def _common_name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""
