"""The sealed part of a backup: AES-256-GCM under a key that scrypt makes of a passphrase.

It is bound to the header and the manifest: who has the key and opens it knows that the manifest,
and with it the digest of every file, is as it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import Struct

from clace.admin_api import KEY_BYTES
from clace.errors import BackupDamaged, BackupLocked
from clace.model import KeyDerivation

_NONCE = 12
_PURPOSE = b"clace:backup:1:"


class SealedPart(Struct, frozen=True):
    """Files that are secrets, by their names in the backup, and the rows of the metadata that are:
    a small SQLite database.
    """

    files: dict[str, bytes] = {}
    rows: bytes = b""


def derived_key(secret: bytes, derivation: KeyDerivation) -> bytes:
    """Return the key that a passphrase or the content of a key file makes; takes a tenth of a
    second, and 64 MB.
    """
    scrypt = Scrypt(
        derivation.salt,
        length=KEY_BYTES,
        n=1 << (derivation.cost.bit_length() - 1),
        r=derivation.block,
        p=derivation.lanes,
    )
    return scrypt.derive(secret)


def seal(
    part: SealedPart, key: bytes, header: bytes, manifest: bytes, random: Callable[[int], bytes]
) -> bytes:
    """Seal the secrets of the backup that these two entries belong to."""
    nonce = random(_NONCE)
    plain = msgspec.msgpack.encode(part)
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound_to(header, manifest))


def unseal(sealed: bytes, key: bytes, header: bytes, manifest: bytes) -> SealedPart:
    """
    :raises BackupLocked: if another key made it, or something was changed.
    :raises BackupDamaged: if it opens and holds something else.
    """
    try:
        opened = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound_to(header, manifest))
    except (InvalidTag, ValueError):
        raise BackupLocked(
            "the secrets of the backup do not open: another key or passphrase made it, or somebody "
            "has changed the file"
        ) from None
    try:
        return msgspec.msgpack.decode(opened, type=SealedPart)
    except msgspec.MsgspecError as error:
        raise BackupDamaged(f"the sealed part cannot be read: {error}") from error


def _bound_to(header: bytes, manifest: bytes) -> bytes:
    return _PURPOSE + sha256(header).digest() + sha256(manifest).digest()
