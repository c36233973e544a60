"""Tokens that a provider signed: the header decides which of its published keys may check them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

from clace import base64url
from clace.errors import SignInRefused
from clace.identity.oauth.refusals import refused
from clace.identity.oauth.remembered import Remembered
from clace.identity.oauth.requests import ProviderRequests, unavailable
from clace.identity.signing import MAX_TOKEN, TokenRegistry

Claims = Mapping[str, Any]
REFETCH_SECONDS = 60
_MAX_KEYS = 100
_MIN_RSA_BITS = 2048
# Algorithms by the type and curve of the key. HMAC is not among them: a client secret can be short,
# and public keys must never be taken for one.
_OF_KEY: Mapping[tuple[str, str], frozenset[str]] = {
    ("RSA", ""): frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
}
ALGORITHMS = frozenset().union(*_OF_KEY.values())
# A token must not bring its own key or say where one is.
_REFUSED_HEADERS = ("crit", "b64", "jku", "jwk", "x5u", "zip", "enc")
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_KINDS: Mapping[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class Header(Struct, frozen=True):
    """A header that passed the rules."""

    algorithm: str
    key_id: str


class Signed(Struct, frozen=True):
    """A token whose signature is the provider's; its claims are still to be checked."""

    header: Header
    claims: Claims


class SigningKeys:
    """The published keys of a provider; a token that none of them signed makes them be fetched
    anew, once a minute at most: a new key may have the name of an old one.
    """

    def __init__(self, url: str, requests: ProviderRequests, clock: IReactorTime) -> None:
        self._url = url
        self._requests = requests
        self._keys: Remembered[Sequence[Mapping[str, Any]]] = Remembered(self._fetch, clock)

    async def signed(self, token: str, types: Sequence[str]) -> Signed:
        """Read a token of one of the ``types`` that the provider signed.

        :raises SignInRefused: it did not, or the token is malformed.
        :raises ProviderUnavailable: the keys cannot be had.
        """
        header = read_header(token, types)
        known = await self._keys.value()
        try:
            return _signed(token, header, known)
        except SignInRefused:
            fresh = await self._keys.value(REFETCH_SECONDS)
            if fresh is known:
                raise
        return _signed(token, header, fresh)

    async def _fetch(self) -> Sequence[Mapping[str, Any]]:
        answer = await self._requests.get(self._url)
        keys = answer.value.get("keys") if answer.is_good else None
        if not isinstance(keys, list):
            raise unavailable(urlsplit(self._url).hostname, f"no keys, status {answer.status}")
        return tuple(each for each in keys[:_MAX_KEYS] if isinstance(each, dict))


def read_header(token: str, types: Sequence[str]) -> Header:
    """The header of a token, as far as it can be judged before the signature.

    :raises SignInRefused: no such token can be accepted.
    """
    if len(token) > MAX_TOKEN or not _SHAPE.fullmatch(token):
        raise refused("token: malformed")
    first = token.partition(".")[0]
    try:
        said = msgspec.json.decode(base64url.decoded(first))
    except (ValueError, RecursionError):
        raise refused("token: malformed header") from None
    if not isinstance(said, dict):
        raise refused("token: malformed header")
    algorithm, key_id, kind = said.get("alg"), said.get("kid", ""), said.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise refused("token: algorithm not allowed")
    if any(name in said for name in _REFUSED_HEADERS):
        raise refused("token: header not allowed")
    if not isinstance(key_id, str) or not isinstance(kind, str):
        raise refused("token: malformed header")
    if kind.lower().removeprefix("application/") not in types:
        raise refused("token: of another type")
    return Header(algorithm, key_id)


def _signed(token: str, header: Header, keys: Sequence[Mapping[str, Any]]) -> Signed:
    """:raises SignInRefused: if none of the keys signed the token."""
    key = _choose(keys, header)
    if key is None:
        raise refused("token: signed with a key that the provider does not publish")
    return Signed(header, verified(token, header, key))


def verified(token: str, header: Header, key: Mapping[str, Any]) -> Claims:
    """The claims, if the signature is the key's.

    :raises SignInRefused: it is not.
    """
    registry = TokenRegistry(header.algorithm)
    try:
        public = _KINDS[str(key["kty"])].import_key(_public(key))
        payload = jws.deserialize_compact(token, public, registry=registry).payload
        claims = msgspec.json.decode(payload or b"")
    except Exception as error:
        # The library has many ways to refuse what is malformed, and all mean the same here.
        raise refused("token: signature") from error
    if not isinstance(claims, dict):
        raise refused("token: malformed claims")
    return claims


def _choose(keys: Sequence[Mapping[str, Any]], header: Header) -> Mapping[str, Any] | None:
    """The key that a header names; without a name it has to be the only one that would do."""
    fitting = list(_fitting(keys, header.algorithm))
    if header.key_id:
        return next((key for key in fitting if key.get("kid") == header.key_id), None)
    return fitting[0] if len(fitting) == 1 else None


def _fitting(keys: Sequence[Mapping[str, Any]], algorithm: str) -> Iterator[Mapping[str, Any]]:
    for key in keys:
        kind = (str(key.get("kty")), "" if key.get("kty") == "RSA" else str(key.get("crv")))
        if algorithm not in _OF_KEY.get(kind, ()) or key.get("alg", algorithm) != algorithm:
            continue
        if key.get("use", "sig") == "sig" and not _is_weak(key):
            yield key


def _is_weak(key: Mapping[str, Any]) -> bool:
    """An RSA key is as long as its modulus; six bits are a character."""
    return key.get("kty") == "RSA" and len(str(key.get("n", ""))) * 6 < _MIN_RSA_BITS


def _public(key: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a key that a signature is checked with."""
    return {name: str(key[name]) for name in ("kty", "crv", "n", "e", "x", "y") if name in key}
