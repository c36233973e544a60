"""Sealed with AES-256-GCM: who has not the key can neither read a secret nor change or move it."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clace.errors import SecretFailed
from clace.secrets.keys import SealingKey, SealingKeys

NONCE_BYTES = 12


def seal(key: SealingKey, name: str, value: bytes, random: Callable[[int], bytes]) -> bytes:
    """A nonce of its own, then the value encrypted; it opens under this name only."""
    nonce = random(NONCE_BYTES)
    return nonce + AESGCM(key.material).encrypt(nonce, value, _bound_to(name))


def unseal(keys: SealingKeys, key_id: str, name: str, sealed: bytes) -> bytes:
    """The value.

    :raises SecretFailed: the key is not here, is another one, or the secret was tampered with.
    """
    key = keys.by_id.get(key_id)
    if key is None:
        raise SecretFailed(f"it is sealed with the key {key_id}, which is not here")
    try:
        nonce, encrypted = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return AESGCM(key.material).decrypt(nonce, encrypted, _bound_to(name))
    except (InvalidTag, ValueError):
        raise SecretFailed(
            f"it does not open with the key {key_id}: another key, or tampered with"
        ) from None


def _bound_to(name: str) -> bytes:
    return f"clace:secret:{name}".encode()
