"""Secrets of second factors, sealed with a key of their own that is kept as stored secrets are."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from twisted.internet.defer import DeferredLock

from clace.errors import SecretFailed
from clace.interfaces import IOwnSecrets

KEY = "second-factors"
KEY_BYTES = 32
NONCE_BYTES = 12


class FactorSealing:
    """AES-256-GCM; the key is made with the first factor, and sealed anew with all secrets."""

    def __init__(self, own: IOwnSecrets, random: Callable[[int], bytes]) -> None:
        self._own = own
        self._random = random
        self._key: AESGCM | None = None
        self._lock = DeferredLock()

    async def seal(self, name: str, value: bytes) -> bytes:
        """Return the value encrypted; it opens under this name only.

        :raises SecretFailed: if no key can be used.
        """
        cipher = await self._cipher(make=True)
        nonce = self._random(NONCE_BYTES)
        return nonce + cipher.encrypt(nonce, value, name.encode())

    async def unseal(self, name: str, sealed: bytes) -> bytes:
        """Return a sealed value.

        :raises SecretFailed: if the key is gone, is another one, or the value was tampered with.
        """
        cipher = await self._cipher(make=False)
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):
            raise SecretFailed("a second factor does not open: another key, or changed") from None

    async def _cipher(self, *, make: bool) -> AESGCM:
        if self._key is None:
            # Two first factors at once must not make two keys.
            async with self._lock:
                self._key = self._key or AESGCM(await self._material(make=make))
        return self._key

    async def _material(self, *, make: bool) -> bytes:
        found = await self._own.own(KEY)
        if found is None and not make:
            raise SecretFailed("the key of second factors is gone")
        if found is None:
            found = self._random(KEY_BYTES)
            await self._own.put_own(KEY, found)
        return found
