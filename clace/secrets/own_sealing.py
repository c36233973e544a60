"""Sealing of what is kept elsewhere, with a key of the server's own for one purpose."""

from __future__ import annotations

from collections.abc import Callable

from clace.secrets.keys import SealingKey, SealingKeys
from clace.secrets.sealing import seal, unseal


class OwnSealing:
    """Seals with one key, which is asked for when it is first needed. It blocks.

    That key is sealed anew with all secrets; what it seals stays as it is.
    """

    def __init__(
        self, purpose: str, key: Callable[[], bytes], random: Callable[[int], bytes]
    ) -> None:
        """``key`` may raise ``SecretFailed``, and is asked again then."""
        self._purpose = purpose
        self._make = key
        self._random = random
        self._key: SealingKey | None = None

    def seal(self, name: str, value: bytes) -> bytes:
        """Return the value encrypted; it opens under this name only.

        :raises SecretFailed: if no key can be used.
        """
        return seal(self._opened(), self._bound(name), value, self._random)

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """Return a sealed value.

        :raises SecretFailed: if it does not open.
        """
        key = self._opened()
        return unseal(SealingKeys(key, {key.id: key}), key.id, self._bound(name), sealed)

    def _opened(self) -> SealingKey:
        if self._key is None:
            self._key = SealingKey(self._purpose, self._make())
        return self._key

    def _bound(self, name: str) -> str:
        return f"{self._purpose}:{name}"
