"""Logout tokens, by which a provider tells that a user signed out there."""

from __future__ import annotations

from collections import OrderedDict

from clace.identity.oauth.id_tokens import MAX_SUBJECT, ExpectedClaims, check_issue
from clace.identity.oauth.refusals import refused
from clace.identity.oauth.signatures import Claims, SigningKeys
from clace.interfaces import EndedElsewhere

EVENT = "http://schemas.openid.net/event/backchannel-logout"
MAX_AGE_SECONDS = 300
_MAX_SEEN = 10_000
# Providers of before the final text send the general type.
_TYPES = ("logout+jwt", "jwt")


class LogoutTokens:
    """Reads each logout token once: a second one could end a session made since."""

    def __init__(self, most: int = _MAX_SEEN) -> None:
        """Remember so many tokens: providers make few in the minutes for which one counts."""
        self._most = most
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def read(self, token: str, keys: SigningKeys, expected: ExpectedClaims) -> EndedElsewhere:
        """The user, or the session, that a token is about.

        :raises SignInRefused: the token proves nothing; says why.
        :raises ProviderUnavailable: the keys cannot be had.
        """
        claims = (await keys.signed(token, _TYPES)).claims
        check_issue(claims, expected)
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
            raise refused("logout token: event")
        if "nonce" in claims:
            raise refused("logout token: has a nonce, as ID tokens have")
        subject, index = _text(claims, "sub"), _text(claims, "sid")
        if not subject and not index:
            raise refused("logout token: names nobody")
        self._once(claims, expected.now)
        return EndedElsewhere(subject=subject, index=index)

    def _once(self, claims: Claims, now: float) -> None:
        identifier = _text(claims, "jti")
        if claims["iat"] < now - MAX_AGE_SECONDS:
            raise refused("logout token: too old")
        if not identifier or identifier in self._seen:
            raise refused("logout token: used before")
        self._seen[identifier] = None
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= MAX_SUBJECT else ""
