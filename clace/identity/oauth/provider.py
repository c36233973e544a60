"""One provider of ``[auth.NAME]``, from the first redirect to the last sign-out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace import base64url
from clace.errors import SignInRefused
from clace.identity.oauth.endpoints import Endpoints, find_endpoints, located
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.grants import Grants, Tokens
from clace.identity.oauth.id_tokens import ExpectedClaims, check_id_token
from clace.identity.oauth.logout import LogoutTokens
from clace.identity.oauth.people import groups_of, identity_of, primary_email, verified_email
from clace.identity.oauth.profiles import PROFILES
from clace.identity.oauth.refusals import refused
from clace.identity.oauth.remembered import Remembered
from clace.identity.oauth.requests import ProviderRequests, is_code
from clace.identity.oauth.signatures import SigningKeys
from clace.interfaces import (
    Arrival,
    Departure,
    EndedElsewhere,
    IBackChannelLogout,
    ISignInProvider,
    Rechecked,
    SignedIn,
)
from clace.model import Identity

_MAX_HINT = 4096
_MAX_CODE = 4096
_NOT_ALLOWED = frozenset({401, 403, 404})
_ID_TOKEN = ("jwt",)


@implementer(ISignInProvider, IBackChannelLogout)
class OAuthProvider:
    """Signs users in by authorization code, with PKCE, and with an ID token if it has an issuer."""

    def __init__(
        self,
        entry: ProviderEntry,
        requests: ProviderRequests,
        clock: IReactorTime,
        random: Callable[[int], bytes],
    ) -> None:
        self._entry = entry
        self._profile = located(PROFILES[entry.kind], entry)
        self._requests = requests
        self._clock = clock
        self._random = random
        self._grants = Grants(entry, requests)
        self._endpoints: Remembered[Endpoints] = Remembered(
            partial(find_endpoints, self._profile, requests), clock
        )
        self._keys: dict[str, SigningKeys] = {}
        self._logout = LogoutTokens()
        self.name = entry.name
        self.title = _title(self._profile.title, entry)
        self.fingerprint = entry.fingerprint

    async def begin(self, state: str) -> Departure:
        endpoints = await self._endpoints.value()
        kept = {"verifier": self._secret()}
        asked = {
            "response_type": "code",
            "client_id": self._entry.key,
            "redirect_uri": self._entry.redirect_uri,
            "scope": " ".join(self._entry.scopes or self._profile.scopes),
            "state": state,
            "code_challenge": base64url.encoded(sha256(kept["verifier"].encode()).digest()),
            "code_challenge_method": "S256",
            **self._profile.parameters,
        }
        if endpoints.issuer:
            kept["nonce"] = asked["nonce"] = self._secret()
        if self._entry.hosted_domain:
            asked["hd"] = self._entry.hosted_domain
        return Departure(with_query(endpoints.authorization, asked), kept=kept)

    async def finish(self, arrival: Arrival) -> SignedIn:
        endpoints = await self._endpoints.value()
        code = self._code(arrival.parameters, endpoints)
        tokens = await self._grants.by_code(endpoints, code, arrival.kept.get("verifier", ""))
        claims: Mapping[str, Any] = {}
        if endpoints.issuer:
            expected = self._expected(endpoints, tokens, nonce=arrival.kept.get("nonce", ""))
            claims = await self._claims(endpoints, tokens, expected)
        profile = await self._user(endpoints, tokens.access)
        if profile is None:
            raise refused("user: the provider does not show the profile")
        identity = await self._identity({**_only_of(claims, profile), **claims}, tokens.access)
        return SignedIn(identity=identity, evidence=self._evidence(identity, claims, tokens))

    async def recheck(self, evidence: Mapping[str, str]) -> Rechecked | None:
        endpoints = await self._endpoints.value()
        tokens = await self._renewed(endpoints, evidence)
        if tokens is None:
            return None
        try:
            return await self._rechecked(endpoints, tokens, evidence)
        except SignInRefused:
            return None

    async def sign_out(self, evidence: Mapping[str, str]) -> Departure | None:
        endpoints = await self._endpoints.value()
        if not endpoints.end_session:
            return None
        asked = {
            "client_id": self._entry.key,
            "post_logout_redirect_uri": self._entry.signed_out_uri,
        }
        if evidence.get("id_token"):
            asked["id_token_hint"] = evidence["id_token"]
        return Departure(with_query(endpoints.end_session, asked))

    async def ended(self, parameters: Mapping[str, str]) -> EndedElsewhere:
        endpoints = await self._endpoints.value()
        if not endpoints.issuer:
            raise refused("logout token: the provider has none")
        token = parameters.get("logout_token", "")
        expected = ExpectedClaims(
            endpoints=endpoints, client=self._entry.key, now=self._clock.seconds()
        )
        return await self._logout.read(token, self._keys_of(endpoints), expected)

    def _code(self, parameters: Mapping[str, str], endpoints: Endpoints) -> str:
        """The code in the answer, once it is known to be this provider's.

        :raises SignInRefused: it is not, or the provider refuses the sign-in itself.
        """
        issuer = parameters.get("iss", "" if endpoints.names_itself else endpoints.issuer)
        if endpoints.issuer and "{" not in endpoints.issuer and issuer != endpoints.issuer:
            raise refused("answer: issuer")
        error = parameters.get("error", "")
        if error == "access_denied":
            raise SignInRefused(f"The sign-in at {self.title} was cancelled.", "answer: cancelled")
        if error:
            raise refused(f"answer: error {error}" if is_code(error) else "answer: error")
        code = parameters.get("code", "")
        if not 0 < len(code) <= _MAX_CODE:
            raise refused("answer: no code")
        return code

    async def _claims(
        self, endpoints: Endpoints, tokens: Tokens, expected: ExpectedClaims
    ) -> Mapping[str, Any]:
        if not tokens.id:
            raise refused("tokens: no ID token")
        signed = await self._keys_of(endpoints).signed(tokens.id, _ID_TOKEN)
        check_id_token(signed.claims, expected, signed.header.algorithm)
        return signed.claims

    def _expected(
        self, endpoints: Endpoints, tokens: Tokens, *, nonce: str | None = None, subject: str = ""
    ) -> ExpectedClaims:
        return ExpectedClaims(
            endpoints=endpoints,
            client=self._entry.key,
            now=self._clock.seconds(),
            nonce=nonce,
            subject=subject,
            access_token=tokens.access,
        )

    def _keys_of(self, endpoints: Endpoints) -> SigningKeys:
        """Keys are fetched from where the provider says now."""
        if endpoints.keys not in self._keys:
            self._keys = {endpoints.keys: SigningKeys(endpoints.keys, self._requests, self._clock)}
        return self._keys[endpoints.keys]

    async def _user(self, endpoints: Endpoints, token: str) -> Mapping[str, Any] | None:
        """The profile that a token opens; None if it opens none any more."""
        if not endpoints.profile:
            return {}
        answer = await self._requests.get(endpoints.profile, token)
        if answer.status in _NOT_ALLOWED:
            return None
        if not answer.is_good:
            raise refused("user: the profile is malformed")
        profile: Mapping[str, Any] = answer.value
        return profile

    async def _identity(self, said: Mapping[str, Any], token: str) -> Identity:
        emails = self._profile.emails
        if emails is None:
            address = verified_email(self._profile, said)
        else:
            address = primary_email(emails, (await self._requests.get(emails.url, token)).value)
        return identity_of(self._profile, self._entry, said, address)

    async def _renewed(self, endpoints: Endpoints, evidence: Mapping[str, str]) -> Tokens | None:
        """Tokens for another look at the user; None if the provider gives none any more."""
        if refresh := evidence.get("refresh_token"):
            return await self._grants.by_refresh(endpoints, refresh)
        until = float(evidence.get("until") or "inf")
        if until <= self._clock.seconds():
            return None  # nobody can be asked with it, and the way through the provider is short
        return Tokens(access=evidence.get("access_token", ""))

    async def _rechecked(
        self, endpoints: Endpoints, tokens: Tokens, evidence: Mapping[str, str]
    ) -> Rechecked | None:
        subject = evidence.get("subject", "")
        claims: Mapping[str, Any] = {}
        if endpoints.issuer and tokens.id:
            expected = self._expected(endpoints, tokens, subject=subject)
            claims = await self._claims(endpoints, tokens, expected)
        profile = await self._user(endpoints, tokens.access)
        if profile is None:
            return None
        said = {**_only_of(claims or {"sub": subject}, profile), **claims}
        if profile or claims:
            identity = await self._identity(said, tokens.access)
            if (identity.subject, identity.user_id) != (subject, evidence.get("user_id")):
                return None
        return Rechecked(
            evidence=_newer(evidence, tokens, self._clock.seconds()),
            groups=groups_of(self._profile, said),
        )

    def _evidence(
        self, identity: Identity, claims: Mapping[str, Any], tokens: Tokens
    ) -> Mapping[str, str]:
        index = claims.get("sid")
        first = {
            "user_id": identity.user_id,
            "subject": identity.subject,
            "index": index if isinstance(index, str) else "",
        }
        return _newer(first, tokens, self._clock.seconds())

    def _secret(self) -> str:
        return base64url.encoded(self._random(32))


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """The URL with parameters behind those it has."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(parameters)}"


def _only_of(claims: Mapping[str, Any], profile: Mapping[str, Any]) -> Mapping[str, Any]:
    """The profile, which has to be of the user that the token is of.

    :raises SignInRefused: it is of somebody else.
    """
    if claims and profile and profile.get("sub") != claims["sub"]:
        raise refused("user: the profile is of another user")
    return profile


def _newer(evidence: Mapping[str, str], tokens: Tokens, now: float) -> Mapping[str, str]:
    """The evidence with tokens in the place of those before; long ones that are only a hint for
    the provider's own sign-out are left out.
    """
    newer = {**evidence, "access_token": tokens.access}
    if tokens.refresh:
        newer["refresh_token"] = tokens.refresh
    if 0 < len(tokens.id) <= _MAX_HINT:
        newer["id_token"] = tokens.id
    if tokens.seconds:
        newer["until"] = str(now + tokens.seconds)
    return newer


def _title(title: str, entry: ProviderEntry) -> str:
    """``GitHub``, or ``GitHub (staff)`` for ``[auth.github_staff]``."""
    apart = entry.name.partition("_")[2]
    return f"{title} ({apart})" if apart else title
