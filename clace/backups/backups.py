"""Backups as the operations ask for them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial

from zope.interface import implementer

from clace.admin_api import BackupPiece, CreateBackup
from clace.backups.creating import BackupSources, backup_pieces
from clace.errors import BadRequest
from clace.interfaces import IBackups
from clace.threads import InThread

Pieces = Callable[[CreateBackup], Generator[BackupPiece, None, None]]


def open_backups(sources: BackupSources, in_thread: InThread) -> Backups:
    """Backups of a server; ``in_thread`` has one thread alone, for SQLite wants no other."""

    def pieces(query: CreateBackup) -> Generator[BackupPiece, None, None]:
        return backup_pieces(sources, query.body, dry_run=query.dry_run)

    return Backups(pieces, in_thread)


@implementer(IBackups)
class Backups:
    """Makes one backup at a time: two would need twice the space, and nobody needs two."""

    def __init__(self, pieces: Pieces, in_thread: InThread) -> None:
        self._pieces = pieces
        self._in_thread = in_thread
        self._is_busy = False

    async def pieces(self, wish: CreateBackup) -> AsyncGenerator[BackupPiece, None]:
        if self._is_busy:
            raise BadRequest("another backup is being made; try again when it has ended")
        self._is_busy = True
        pieces = self._pieces(wish)
        try:
            while (piece := await self._in_thread(partial(next, pieces, None))) is not None:
                yield piece
        finally:
            # After what the thread may still do for a client that is gone.
            await self._in_thread(pieces.close)
            self._is_busy = False
