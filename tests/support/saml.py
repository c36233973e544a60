"""A SAML provider in memory: its assertions are right, until a test changes one thing."""

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import XMLSigner
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from twisted.internet.task import Clock

from clace.identity.saml import (
    OurSide,
    ProviderMetadata,
    Replays,
    SamlKey,
    SamlOptions,
    SamlProvider,
    Surroundings,
)
from clace.identity.saml.keys import self_signed
from clace.interfaces import Arrival
from tests.support.threads import at_once

NOW = 1_700_000_000.0
ENTITY = "https://idp.example.com/metadata"
SIGN_IN = "https://idp.example.com/sso"
SIGN_OUT = "https://idp.example.com/slo"
OURS = OurSide.at("https://apps.example.com", "saml_corp")
REQUEST = "_request1"
NS = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings"


@cache
def signing_key(name="idp"):
    """A key is made once for all tests: that takes a good while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return SamlKey(key, self_signed(key, name, NOW))


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def certificate_text(key):
    return b64encode(key.certificate.public_bytes(Encoding.DER)).decode()


def metadata(*keys, entity=ENTITY, until="", roles=1, services=None, use=' use="signing"', more=""):
    """The provider's description of itself."""
    services = services or "".join(
        f'<md:{kind} Binding="{BINDINGS}:HTTP-{binding}" Location="{place}"/>'
        for kind, place in (("SingleLogoutService", SIGN_OUT), ("SingleSignOnService", SIGN_IN))
        for binding in ("Redirect", "POST")
    )
    described = "".join(
        f"""<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>
        {certificate_text(key)}
      </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"""
        for key in keys or (signing_key(),)
    )
    role = f"""<md:IDPSSODescriptor {more} protocolSupportEnumeration="{NS["samlp"]}">
      {described}{services}</md:IDPSSODescriptor>"""
    return f"""<?xml version="1.0"?><!-- made by hand --><md:EntityDescriptor
      xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="{NS["ds"]}"
      entityID="{entity}" {until}>{role * roles}</md:EntityDescriptor>""".encode()


ASSERTION = """<saml:Assertion xmlns:saml="{saml}" ID="{id}" Version="2.0" IssueInstant="{now}">
<saml:Issuer>{entity}</saml:Issuer>
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
>{name}</saml:NameID><saml:SubjectConfirmation Method="{method}"
><saml:SubjectConfirmationData NotOnOrAfter="{end}" Recipient="{recipient}"
 InResponseTo="{request}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{start}" NotOnOrAfter="{end}">{conditions}<saml:AudienceRestriction
><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{now}" SessionIndex="{index}"{session}><saml:AuthnContext
><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef
></saml:AuthnContext></saml:AuthnStatement>{attributes}</saml:Assertion>"""
RESPONSE = """<samlp:Response xmlns:samlp="{samlp}" ID="_response1" Version="2.0"
 IssueInstant="{now}" Destination="{destination}" InResponseTo="{request}"><saml:Issuer
 xmlns:saml="{saml}">{entity}</saml:Issuer><samlp:Status><samlp:StatusCode
 Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status></samlp:Response>"""


def attribute(name, *values):
    texts = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    return f'<saml:Attribute Name="{name}">{texts}</saml:Attribute>'


def parts(*, attributes=(), **changes):
    """The response without an assertion, and the assertion; neither is signed."""
    stated = "".join(attributes)
    values = {
        **NS,
        "id": "_assertion1",
        "entity": ENTITY,
        "name": "ann",
        "method": "urn:oasis:names:tc:SAML:2.0:cm:bearer",
        "recipient": OURS.acs,
        "destination": OURS.acs,
        "request": REQUEST,
        "audience": OURS.metadata,
        "now": at(NOW),
        "start": at(NOW - 30),
        "end": at(NOW + 300),
        "index": "session1",
        "session": "",
        "conditions": "",
        "status": "Success",
        "attributes": (
            f"<saml:AttributeStatement>{stated}</saml:AttributeStatement>" if stated else ""
        ),
        **changes,
    }
    response = values | {"request": values.get("answers", values["request"])}
    return (
        etree.fromstring(RESPONSE.format(**response)),
        etree.fromstring(ASSERTION.format(**values)),
    )


class _Weak(XMLSigner):
    def check_deprecated_methods(self):
        """SHA-1 is what a test wants to see refused."""


def signed(
    element,
    key=None,
    *,
    digest=DigestAlgorithm.SHA256,
    method=SignatureMethod.RSA_SHA256,
    c14n=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
):
    """The element with a signature where SAML has it: after the issuer."""
    key = key or signing_key()
    signer = _Weak(digest_algorithm=digest, signature_algorithm=method, c14n_algorithm=c14n)
    found = signer.sign(
        element, key=key.key, cert=[key.certificate], reference_uri=f"#{element.get('ID')}"
    )
    found.find("saml:Issuer", NS).addnext(found.find("ds:Signature", NS))
    return found


def joined(response, assertion):
    """The response with the assertion in it."""
    response.append(assertion)
    return response


def answer(key=None, *, whole=False, **changes):
    """A response as a provider sends it: its assertion is signed, or the whole of it."""
    response, assertion = parts(**changes)
    if whole:
        return etree.tostring(signed(joined(response, assertion), key))
    return etree.tostring(joined(response, signed(assertion, key)))


def arrival(document, request=REQUEST):
    """A browser that brings the response."""
    text = b64encode(document if isinstance(document, bytes) else etree.tostring(document))
    return Arrival(parameters={"SAMLResponse": text.decode()}, kept={"request": request})


class Fetched:
    """ProviderMetadata that changes or fails as a test wants it."""

    def __init__(self, document=None):
        self.document = document or metadata()
        self.count = 0

    async def __call__(self):
        self.count += 1
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


def provider(clock=None, fetched=None, key=None, **options):
    """This server's side of it."""
    if clock is None:
        clock = Clock()
        clock.rightNow = NOW
    numbers = iter(range(1, 1000))
    return SamlProvider(
        SamlOptions(name="saml_corp", **options),
        OURS,
        ProviderMetadata("saml_corp", fetched or Fetched(), at_once, clock),
        key,
        Surroundings(at_once, clock, lambda: f"request{next(numbers)}"),
        Replays(clock),
        "fingerprint",
    )
