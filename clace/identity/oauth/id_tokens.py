"""Claims of an ID token: each check of OpenID Connect has its own reason."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256, sha384, sha512
from typing import Any

from msgspec import Struct

from clace import base64url
from clace.identity.oauth.endpoints import Endpoints
from clace.identity.oauth.refusals import refused

SKEW_SECONDS = 60
MAX_SUBJECT = 255
_HASHES = {"256": sha256, "384": sha384, "512": sha512}


class ExpectedClaims(Struct, frozen=True, kw_only=True):
    """The claims that a token must agree with; ``nonce`` is None where the token needs none."""

    endpoints: Endpoints
    client: str
    now: float
    nonce: str | None = None
    subject: str = ""
    access_token: str = ""


def check_issue(claims: Mapping[str, Any], expected: ExpectedClaims) -> None:
    """Check that the token is from the provider, for this server, and now.

    :raises SignInRefused: it is not; says which.
    """
    issuer = expected.endpoints.issuer_of(claims)
    if not issuer or claims.get("iss") != issuer:
        raise refused("token: issuer")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or expected.client not in audiences:
        raise refused("token: audience")
    if claims.get("azp", expected.client) != expected.client:
        raise refused("token: authorized party")
    if len(audiences) > 1 and "azp" not in claims:
        raise refused("token: audience of several without an authorized party")
    until = _time(claims, "exp")
    if until is None or until + SKEW_SECONDS <= expected.now:
        raise refused("token: expired")
    issued = _time(claims, "iat")
    if issued is None or issued - SKEW_SECONDS > expected.now:
        raise refused("token: issued in the future")
    if "nbf" in claims:
        begins = _time(claims, "nbf")
        if begins is None or begins - SKEW_SECONDS > expected.now:
            raise refused("token: not valid yet")


def check_id_token(claims: Mapping[str, Any], expected: ExpectedClaims, algorithm: str) -> None:
    """Check the claims of an ID token.

    :raises SignInRefused: one is wrong; says which.
    """
    check_issue(claims, expected)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise refused("token: subject")
    if expected.subject and subject != expected.subject:
        raise refused("token: of another user")
    if expected.nonce is not None and not _same(claims.get("nonce"), expected.nonce):
        raise refused("token: nonce")
    if "at_hash" in claims and not _same(
        claims["at_hash"], half_hash(expected.access_token, algorithm)
    ):
        raise refused("token: hash of the access token")


def half_hash(token: str, algorithm: str) -> str:
    """The left half of the hash that belongs to the algorithm, as ``at_hash`` has it."""
    made = _HASHES.get(algorithm[-3:], sha512)(token.encode()).digest()
    return base64url.encoded(made[: len(made) // 2])


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None


def _same(said: object, expected: str) -> bool:
    """Compare in constant time; an empty text is the same as no other."""
    if not isinstance(said, str) or not expected:
        return False
    return hmac.compare_digest(said.encode("utf-8", "surrogatepass"), expected.encode())
