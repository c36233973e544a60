"""Signatures over XML and query strings: strong algorithms, and only what was signed is read."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidCertificate, InvalidDigest, SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from clace.identity.saml.markup import Element, children, only, parsed, refused
from clace.urlencoded import unescaped

METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
    }
)
DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
# SAML core 5.4.4 allows no other; XSLT and XPath would choose what is signed.
_TRANSFORMS = frozenset(
    {
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    }
)
_HASHES: dict[str, type[HashAlgorithm]] = {"256": SHA256, "384": SHA384, "512": SHA512}
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
UNVERIFIED = "the signature does not verify"


def signed_part(element: Element, keys: Iterable[x509.Certificate], now: float) -> Element | None:
    """Return what the signature inside ``element`` is over, read anew from the bytes that were
    signed; None if it has no signature of its own.

    :raises SignInRefused: if the signature is weak, is over anything but the whole element, or is
        by none of the ``keys``.
    """
    signatures = children(element, "ds:Signature")
    if not signatures:
        return None
    if len(signatures) > 1:
        raise refused("an element has two signatures")
    _check_form(element, signatures[0])
    signed = parsed(_verified(element, list(keys), now))
    if signed.tag != element.tag or signed.get("ID") != element.get("ID"):
        raise refused("the signature is over another element")
    return signed


def _check_form(element: Element, signature: Element) -> None:
    """Check what the signature claims, before it is computed."""
    method = only(signature, "ds:SignedInfo/ds:SignatureMethod").get("Algorithm")
    if method not in {allowed.value for allowed in METHODS}:
        raise refused("the signature algorithm is too weak or unknown")
    reference = only(signature, "ds:SignedInfo/ds:Reference")
    identifier = element.get("ID")
    if not identifier or reference.get("URI") != f"#{identifier}":
        raise refused("the signature refers to another element")
    digest = only(reference, "ds:DigestMethod").get("Algorithm")
    if digest not in {allowed.value for allowed in DIGESTS}:
        raise refused("the digest algorithm is too weak or unknown")
    for transform in children(reference, "ds:Transforms/ds:Transform"):
        if transform.get("Algorithm") not in _TRANSFORMS:
            raise refused("the signature has a transform that SAML does not allow")


def _verified(element: Element, keys: list[x509.Certificate], now: float) -> bytes:
    expected = SignatureConfiguration(
        # The signature of the element itself, and not one further inside.
        location="./",
        signature_methods=METHODS,
        digest_algorithms=DIGESTS,
        expect_references=1,
        verification_time=datetime.fromtimestamp(now, UTC),
    )
    reason = "the provider's metadata has no key for signatures"
    for key in keys:
        try:
            # It works on a copy of the element alone, so that nothing around can be referred to.
            result: Any = XMLVerifier().verify(element, x509_cert=key, expect_config=expected)
        except InvalidDigest:
            raise refused("the digest does not match: the element was changed") from None
        except InvalidCertificate:
            reason = "the certificate of the provider's key is not valid now"
        except etree.LxmlError:
            raise refused("the signature is malformed") from None
        except (SignXMLException, InvalidSignature, ValueError, TypeError, AttributeError):
            reason = UNVERIFIED
        else:
            signed: bytes = result.signed_data
            return signed
    raise refused(reason)


def check_query(query: bytes, keys: Iterable[x509.Certificate], message: str) -> None:
    """Check the signature of a message in a query string, which is over the text as it was sent.

    :raises SignInRefused: if it is missing, weak, or by none of the ``keys``.
    """
    parts = dict(piece.partition(b"=")[::2] for piece in query.split(b"&"))
    if len(parts) != query.count(b"&") + 1:
        raise refused("a parameter is given twice")
    if any(b"%" in name or b"+" in name for name in parts):
        raise refused("the name of a parameter is encoded")
    if not {b"Signature", b"SigAlg", message.encode()} <= parts.keys():
        raise refused("the message is not signed")
    names = [name for name in (message.encode(), b"RelayState", b"SigAlg") if name in parts]
    signed = b"&".join(b"%b=%b" % (name, parts[name]) for name in names)
    algorithm = unescaped(parts[b"SigAlg"].replace(b"+", b" ")).decode("latin-1")
    try:
        signature = b64decode(unescaped(parts[b"Signature"]), validate=True)
    except NotBase64:
        raise refused("the signature is not base64") from None
    if not any(_matches(key.public_key(), algorithm, signature, signed) for key in keys):
        raise refused(UNVERIFIED)


def _matches(key: Any, algorithm: str, signature: bytes, signed: bytes) -> bool:
    kind, _, bits = algorithm.removeprefix(_MORE).partition("-sha")
    if not algorithm.startswith(_MORE) or kind not in {"rsa", "ecdsa"} or bits not in _HASHES:
        raise refused("the signature algorithm is too weak or unknown")
    try:
        if kind == "rsa" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), _HASHES[bits]())
        elif kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_in_der(signature, key), signed, ec.ECDSA(_HASHES[bits]()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _in_der(signature: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a signature of ECDSA in DER, which many senders write anyway; RFC 4051 has the two
    numbers one after the other, each as long as those of the curve.
    """
    size = (key.key_size + 7) // 8
    if len(signature) != 2 * size:
        return signature
    return encode_dss_signature(
        int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    )
