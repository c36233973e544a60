"""The keys of identity tokens: published before they sign, sealed, and renewed by themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from joserfc.jwk import OKPKey
from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

from clace import base64url
from clace.errors import ClaceError
from clace.interfaces import IOwnSecrets
from clace.single_flight import SingleFlight

NAME = "identity-keys"
DAY = 86_400
RENEWED_SECONDS = 30 * DAY
# Readers may keep the published keys for a part of the first; the second is longer than any token
# lives, with clocks that differ.
AHEAD_SECONDS = 3600
KEPT_SECONDS = DAY
LOOK_SECONDS = 60

Publish = Callable[[bytes], Awaitable[None]]
"""Puts the public keys where apps without a network read them."""


class StoredKey(Struct, frozen=True):
    """A private key by its parts, and the time at which it begins to sign."""

    id: str
    parts: dict[str, str]
    signs: float

    def __repr__(self) -> str:
        return f"StoredKey({self.id!r})"


class IdentityKey(Struct, frozen=True):
    id: str
    key: OKPKey


class IdentityKeys:
    """Made with the first token or reader: a server that nobody asks has no keys.

    A new key is published an hour before it signs, so that whoever reads the keys from time to
    time knows each key before a token has it.
    """

    def __init__(
        self,
        secrets: IOwnSecrets,
        clock: IReactorTime,
        random: Callable[[int], bytes],
        publish: Publish,
    ) -> None:
        self._secrets = secrets
        self._clock = clock
        self._random = random
        self._publish = publish
        self._flight = SingleFlight(self._renew)
        self._keys: tuple[StoredKey, ...] = ()
        self._signing: IdentityKey | None = None
        self._due = float("-inf")

    async def signing(self) -> IdentityKey:
        """The key that signs now.

        :raises ClaceError: the keys cannot be read or stored.
        """
        await self._current()
        now = self._clock.seconds()
        active = next(key for key in reversed(self._keys) if key.signs <= now)
        if self._signing is None or self._signing.id != active.id:
            self._signing = IdentityKey(active.id, OKPKey.import_key(dict(active.parts)))
        return self._signing

    async def public(self) -> bytes:
        """All published keys, as a JSON Web Key Set.

        :raises ClaceError: the keys cannot be read or stored.
        """
        return key_set(await self._current())

    async def _current(self) -> tuple[StoredKey, ...]:
        if self._clock.seconds() >= self._due:
            await self._flight.result()
        return self._keys

    async def _renew(self) -> None:
        now = self._clock.seconds()
        keys = self._keys or await self._stored()
        changed = self._changed(keys, now)
        if changed != keys:
            await self._secrets.put_own(NAME, msgspec.json.encode(changed))
        if changed != self._keys:
            await self._publish(key_set(changed))
        self._keys = changed
        self._due = now + LOOK_SECONDS

    def _changed(self, keys: tuple[StoredKey, ...], now: float) -> tuple[StoredKey, ...]:
        """The keys with a new one if it is time, and without those that no token can have."""
        if not keys:
            return (self._made(now),)
        newest = keys[-1].signs
        if newest + RENEWED_SECONDS - AHEAD_SECONDS <= now:
            keys = (*keys, self._made(max(now, newest) + AHEAD_SECONDS))
        later = [*(key.signs for key in keys[1:]), float("inf")]
        ends = zip(keys, later, strict=True)
        return tuple(key for key, until in ends if until + KEPT_SECONDS > now)

    def _made(self, signs: float) -> StoredKey:
        identifier = base64url.encoded(self._random(9))
        marks = {"kid": identifier, "use": "sig", "alg": "EdDSA"}
        made = OKPKey.generate_key("Ed25519").as_dict(private=True)
        parts = {name: str(part) for name, part in {**made, **marks}.items()}
        return StoredKey(identifier, parts, signs)

    async def _stored(self) -> tuple[StoredKey, ...]:
        text = await self._secrets.own(NAME)
        try:
            return msgspec.json.decode(text, type=tuple[StoredKey, ...]) if text else ()
        except msgspec.DecodeError as error:
            raise ClaceError("the stored keys of identity tokens cannot be read") from error


def key_set(keys: tuple[StoredKey, ...]) -> bytes:
    """The public parts as a JSON Web Key Set."""
    public = [{name: part for name, part in key.parts.items() if name != "d"} for key in keys]
    return msgspec.json.encode({"keys": public})
