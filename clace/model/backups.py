"""Backups: what their file says about itself, and what it is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

BACKUP_FORMAT = 1
"""The format that this version writes, and the newest that it reads."""
_Name = Annotated[str, Meta(min_length=1, max_length=4096)]
_Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class KeyDerivation(Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of scrypt that make a key of a passphrase or of the content of a key file.

    The bounds keep a file of a stranger from taking more than 1 GB of memory.
    """

    salt: Annotated[bytes, Meta(min_length=16, max_length=64)]
    cost: Annotated[int, Meta(ge=1 << 10, le=1 << 20)] = 1 << 16
    block: Annotated[int, Meta(ge=1, le=8)] = 8
    lanes: Annotated[int, Meta(ge=1, le=4)] = 1


class BackupHeader(Struct, frozen=True, kw_only=True):
    """The first entry of a backup: all that one has to know before the rest is read."""

    format: Annotated[int, Meta(ge=1)] = BACKUP_FORMAT
    version: str
    created: datetime
    derivation: KeyDerivation | None = None


class BackedUpFile(Struct, frozen=True, kw_only=True):
    """A file of a backup by its name there: ``home/`` and its place in the home, or ``outside/``
    and its place on the machine. ``owner`` is the number of the user that it belonged to.
    """

    name: _Name
    size: Annotated[int, Meta(ge=0)]
    sha256: _Digest
    mode: Annotated[int, Meta(ge=0, le=0o777)] = 0o600
    owner: Annotated[int, Meta(ge=0, lt=1 << 32)] = 0


class LeftOut(Struct, frozen=True):
    """A file or folder that is not in a backup, and the reason."""

    name: str
    reason: str


class BackupManifest(Struct, frozen=True, kw_only=True):
    """The list of a backup, which comes after its files.

    ``databases`` has their names among the files, ``schemas`` the versions of those that have
    steps, ``sealed`` names what opens with the key only, and ``is_sealed`` tells that it follows.
    """

    home: str
    files: tuple[BackedUpFile, ...] = ()
    databases: dict[str, str] = {}
    schemas: dict[str, int] = {}
    sealed: tuple[str, ...] = ()
    is_sealed: bool = False
    left_out: tuple[LeftOut, ...] = ()


class BackupVerified(Struct, frozen=True, kw_only=True):
    """A backup that was read to its end; ``missing`` names what did not open without a key."""

    version: str
    created: datetime
    files: int
    size: int
    opened: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class BackupRestored(BackupVerified, frozen=True, kw_only=True):
    """A backup whose files are in place; ``outside`` are places out of the home that it had files
    of, and where these are now.
    """

    home: str
    outside: dict[str, str] = {}
