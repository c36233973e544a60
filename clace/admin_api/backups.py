"""Backups: everything that a server knows, in one file."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from clace.admin_api.operation import Operation, Query, Right
from clace.model import KeyDerivation

KEY_BYTES = 32


class BackupKey(Struct, frozen=True, forbid_unknown_fields=True):
    """The key that seals the secrets of a backup, and how it was made of a passphrase, which stays
    with whoever asks.
    """

    key: Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    derivation: KeyDerivation

    def __repr__(self) -> str:
        return "BackupKey()"


class BackupWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backup with secrets, sealed with a key, or without them; with the folders that apps may use
    by ``fs.in``, or without.
    """

    key: BackupKey | None = None
    folders: bool = True


class CreateBackup(Query, frozen=True):
    """A backup of the whole server; a dry run tells only how much space it needs."""

    body: BackupWish
    dry_run: bool = False

    @property
    def is_dry(self) -> bool:
        return self.dry_run


class BackupPiece(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The next bytes of the file; ``step`` names what begins with them.

    The first has no bytes, and tells the most that the file will have, and the space that the
    server needs meanwhile. The last one says that it is.
    """

    step: str = ""
    size: int = 0
    scratch: int = 0
    content: bytes = b""
    is_last: bool = False


def _nothing(_query: CreateBackup, _result: BackupPiece | None) -> str:
    return ""


CREATE_BACKUP = Operation(
    name="create_backup",
    method="POST",
    path="/backup",
    summary="Send a backup of everything that the server knows; its file is the `content` of all"
    " lines, one after the other",
    right=Right.ADMIN,
    query=CreateBackup,
    result=BackupPiece,
    target=_nothing,
    streams=True,
)
OPERATIONS = (CREATE_BACKUP,)
