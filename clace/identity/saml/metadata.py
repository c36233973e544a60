"""Metadata: what a provider says of itself, and what this server says to it."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from msgspec import Struct

from clace.errors import ProviderUnavailable, SignInRefused
from clace.identity.saml.keys import SamlKey
from clace.identity.saml.markup import (
    METADATA,
    PROTOCOL,
    SIGNATURE,
    Element,
    children,
    parsed,
    tag,
    text_of,
    times_of,
    written,
)

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
_SPACE = re.compile(r"\s+")


class IdentityProvider(Struct, frozen=True, kw_only=True):
    """A provider as its metadata describes it; addresses are by binding."""

    entity_id: str
    keys: tuple[x509.Certificate, ...]
    sign_in: dict[str, str]
    sign_out: dict[str, str] = {}
    sign_out_answers: dict[str, str] = {}
    wants_signed: bool = False
    valid_until: float | None = None


class OurSide(Struct, frozen=True):
    """The addresses of this server for one provider; the first names it too."""

    metadata: str
    acs: str
    slo: str

    @classmethod
    def at(cls, base: str, name: str) -> OurSide:
        """``base`` is ``security.callback_url``."""
        here = f"{base.rstrip('/')}/_clace/sso/{name}"
        return cls(f"{here}/metadata", f"{here}/acs", f"{here}/slo")


def read_metadata(document: bytes, now: float) -> IdentityProvider:
    """:raises ProviderUnavailable: if the document does not describe exactly one provider."""
    try:
        return _described(parsed(document, comments=True), now)
    except SignInRefused as error:
        raise ProviderUnavailable(f"its metadata: {error.reason}") from None


def _described(root: Element, now: float) -> IdentityProvider:
    found = [
        (entity, role)
        for entity in root.iter(tag("md", "EntityDescriptor"))
        for role in children(entity, "md:IDPSSODescriptor")
        if PROTOCOL in role.get("protocolSupportEnumeration", "").split()
    ]
    if len(found) != 1:
        raise ProviderUnavailable(f"its metadata describes {len(found)} providers, not one")
    entity, role = found[0]
    ends = times_of((root, entity, role), "validUntil")
    if ends and min(ends) <= now:
        raise ProviderUnavailable("its metadata has expired")
    keys = tuple(_keys(role))
    if not keys:
        raise ProviderUnavailable("its metadata has no certificate for signatures")
    if not entity.get("entityID"):
        raise ProviderUnavailable("its metadata has no entityID")
    return IdentityProvider(
        entity_id=entity.get("entityID"),
        keys=keys,
        sign_in=_addresses(role, "SingleSignOnService", "Location"),
        sign_out=_addresses(role, "SingleLogoutService", "Location"),
        sign_out_answers=_addresses(role, "SingleLogoutService", "ResponseLocation"),
        wants_signed=role.get("WantAuthnRequestsSigned") in {"true", "1"},
        valid_until=min(ends) if ends else None,
    )


def _keys(role: Element) -> list[x509.Certificate]:
    path = "ds:KeyInfo/ds:X509Data/ds:X509Certificate"
    return [
        _certificate(text_of(written_key))
        for descriptor in children(role, "md:KeyDescriptor")
        if descriptor.get("use") in {None, "signing"}
        for written_key in children(descriptor, path)
    ]


def _certificate(text: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(b64decode(_SPACE.sub("", text), validate=True))
    except (NotBase64, ValueError):
        raise ProviderUnavailable("its metadata has a certificate that cannot be read") from None


def _addresses(role: Element, service: str, attribute: str) -> dict[str, str]:
    """Return the addresses of a service; the first of each binding counts."""
    found: dict[str, str] = {}
    for each in children(role, f"md:{service}"):
        address = each.get(attribute)
        if address and each.get("Binding") in {REDIRECT, POST}:
            if not is_web_address(address):
                raise ProviderUnavailable(f"its metadata has a {service} that is no web address")
            found.setdefault(each.get("Binding"), address)
    return found


def is_web_address(address: str) -> bool:
    """Return true for an HTTP or HTTPS URL that a browser can be sent to."""
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and address.isprintable()
    except ValueError:
        return False


def our_metadata(ours: OurSide, key: SamlKey | None) -> bytes:
    """Return the page that an administrator of the provider is given."""
    kinds = {"md": METADATA, "ds": SIGNATURE}
    root = etree.Element(tag("md", "EntityDescriptor"), entityID=ours.metadata, nsmap=kinds)
    role = etree.SubElement(
        root,
        tag("md", "SPSSODescriptor"),
        AuthnRequestsSigned="true" if key else "false",
        WantAssertionsSigned="true",
        protocolSupportEnumeration=PROTOCOL,
    )
    if key:
        _add_key(role, key)
    for binding in (REDIRECT, POST):
        service = tag("md", "SingleLogoutService")
        etree.SubElement(role, service, Binding=binding, Location=ours.slo)
    etree.SubElement(role, tag("md", "NameIDFormat")).text = UNSPECIFIED
    consumer = tag("md", "AssertionConsumerService")
    etree.SubElement(role, consumer, Binding=POST, Location=ours.acs, index="0", isDefault="true")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + written(root)


def _add_key(role: Element, key: SamlKey) -> None:
    # For signatures only: a provider that had a key for encryption would encrypt.
    descriptor = etree.SubElement(role, tag("md", "KeyDescriptor"), use="signing")
    data = etree.SubElement(
        etree.SubElement(descriptor, tag("ds", "KeyInfo")), tag("ds", "X509Data")
    )
    der = key.certificate.public_bytes(Encoding.DER)
    etree.SubElement(data, tag("ds", "X509Certificate")).text = b64encode(der).decode("ascii")
