"""A token for each request: signed, for one app, and of no use a minute later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from joserfc import jws
from twisted.internet.interfaces import IReactorTime

from clace import base64url
from clace.identity.identity_tokens.keys import IdentityKeys
from clace.identity.signing import TokenRegistry
from clace.model import Identity

SECONDS = 60
# Servers behind this one have limits for headers, of 8 kilobytes often.
MAX_GROUPS_BYTES = 4096
_ALGORITHM = "EdDSA"


class IdentityTokens:
    """Makes the values of ``X-Clace-Identity``."""

    def __init__(
        self,
        keys: IdentityKeys,
        clock: IReactorTime,
        random: Callable[[int], bytes],
        issuer: str,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._random = random
        self._issuer = issuer
        self._registry = TokenRegistry(_ALGORITHM)

    async def token(self, identity: Identity, app_id: str) -> str:
        """A token for one request of the identity to the app.

        :raises ClaceError: the keys cannot be read or stored.
        """
        key = await self._keys.signing()
        claims = self._claims(identity, app_id)
        header = {"alg": _ALGORITHM, "kid": key.id, "typ": "JWT"}
        return jws.serialize_compact(
            header, msgspec.json.encode(claims), key.key, registry=self._registry
        )

    def _claims(self, identity: Identity, app_id: str) -> dict[str, Any]:
        now = int(self._clock.seconds())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": app_id,
            "sub": identity.user_id,
            "iat": now,
            "exp": now + SECONDS,
            "jti": base64url.encoded(self._random(16)),
            "acr": str(identity.assurance),
        }
        more = {
            "provider_sub": identity.subject,
            "name": identity.name,
            "email": identity.email,
            "sid": identity.session_id,
            "token_id": identity.token_id,
        }
        claims |= {name: value for name, value in more.items() if value}
        if len(msgspec.json.encode(identity.groups)) <= MAX_GROUPS_BYTES:
            claims["groups"] = identity.groups
        else:
            claims["groups_left_out"] = len(identity.groups)
        return claims
