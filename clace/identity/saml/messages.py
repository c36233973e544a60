"""Messages of this server to a provider, and the two ways they go: in an URL, or in a form."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from urllib.parse import quote_plus, urlencode

from lxml import etree
from msgspec import Struct

from clace.identity.saml.keys import SamlKey
from clace.identity.saml.markup import (
    ASSERTION,
    LARGEST,
    PROTOCOL,
    Element,
    instant,
    refused,
    tag,
    written,
)
from clace.identity.saml.metadata import POST, UNSPECIFIED, OurSide
from clace.interfaces import Departure

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_LARGEST_TEXT = 4 * LARGEST // 3 + 4


class Subject(Struct, frozen=True, kw_only=True):
    """A user as the provider names them, and the index of their session there."""

    name_id: str
    format: str = ""
    qualifier: str = ""
    sp_qualifier: str = ""
    index: str = ""


class Envelope(Struct, frozen=True, kw_only=True):
    """A message's own head: its number, when it is sent, and from whom to where."""

    number: str
    now: float
    ours: OurSide
    to: str

    def open(self, name: str, **attributes: str) -> Element:
        """Return an empty message."""
        root = etree.Element(
            tag("samlp", name),
            ID=self.number,
            Version="2.0",
            IssueInstant=instant(self.now),
            Destination=self.to,
            nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
            **attributes,
        )
        etree.SubElement(root, tag("saml", "Issuer")).text = self.ours.metadata
        return root


def sign_in_request(envelope: Envelope, *, force: bool) -> Element:
    """With ``force`` the provider asks the user anew, whatever session they have there."""
    attributes = {"ForceAuthn": "true"} if force else {}
    root = envelope.open(
        "AuthnRequest",
        AssertionConsumerServiceURL=envelope.ours.acs,
        ProtocolBinding=POST,
        **attributes,
    )
    etree.SubElement(root, tag("samlp", "NameIDPolicy"), Format=UNSPECIFIED, AllowCreate="true")
    return root


def sign_out_request(envelope: Envelope, subject: Subject) -> Element:
    root = envelope.open("LogoutRequest")
    named = {
        "Format": subject.format,
        "NameQualifier": subject.qualifier,
        "SPNameQualifier": subject.sp_qualifier,
    }
    name = etree.SubElement(
        root, tag("saml", "NameID"), **{key: value for key, value in named.items() if value}
    )
    name.text = subject.name_id
    if subject.index:
        etree.SubElement(root, tag("samlp", "SessionIndex")).text = subject.index
    return root


def sign_out_answer(envelope: Envelope, request: str) -> Element:
    root = envelope.open("LogoutResponse", InResponseTo=request)
    status = etree.SubElement(root, tag("samlp", "Status"))
    etree.SubElement(status, tag("samlp", "StatusCode"), Value=SUCCESS)
    return root


def sent(
    root: Element, kind: str, binding: str, key: SamlKey | None, relay_state: str = ""
) -> Departure:
    """Return the way of a message to its destination; ``kind`` names its parameter."""
    url = root.get("Destination")
    relayed = (("RelayState", relay_state),) if relay_state else ()
    if binding == POST:
        document = written(key.signed(root) if key else root)
        return Departure(url, ((kind, b64encode(document).decode("ascii")), *relayed))
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(written(root)) + packer.flush()
    fields = ((kind, b64encode(packed).decode("ascii")), *relayed)
    query = urlencode((*fields, *((("SigAlg", RSA_SHA256),) if key else ())))
    if key:
        signature = b64encode(key.sign(query.encode("ascii"))).decode("ascii")
        query += f"&Signature={quote_plus(signature)}"
    return Departure(f"{url}{'&' if '?' in url else '?'}{query}")


def from_form(text: str) -> bytes:
    """:raises SignInRefused: if it is not base64, or is too large."""
    if len(text) > 2 * _LARGEST_TEXT:
        raise refused("the message is too large")
    try:
        return b64decode("".join(text.split()), validate=True)
    except (NotBase64, ValueError):
        raise refused("the message is not base64") from None


def from_query(text: str) -> bytes:
    """:raises SignInRefused: if it is not base64 of a deflated text, or is too large unpacked."""
    unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        document = unpacker.decompress(from_form(text), LARGEST + 1)
    except zlib.error:
        raise refused("the message is not deflated") from None
    if len(document) > LARGEST:
        raise refused("the message is too large")
    return document
