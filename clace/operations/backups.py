"""Backups, as operators ask for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from zope.interface import implementer

from clace.admin_api import BackupPiece, CreateBackup
from clace.interfaces import IBackupOperations, IBackups


@implementer(IBackupOperations)
class BackupOperations:
    """Operations on everything that the server knows."""

    def __init__(self, backups: IBackups) -> None:
        self._backups = backups

    async def create_backup(self, query: CreateBackup) -> AsyncIterator[tuple[BackupPiece, ...]]:
        async with aclosing(self._backups.pieces(query)) as pieces:
            async for piece in pieces:
                yield (piece,)
