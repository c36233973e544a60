"""Backups of the whole server."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from zope.interface import Interface

from clace.admin_api import BackupPiece, CreateBackup


class IBackups(Interface):
    """Makes backups of a server that runs."""

    def pieces(wish: CreateBackup) -> AsyncGenerator[BackupPiece, None]:
        """Return a backup in pieces; nothing is left of it on the disk when they end, or are
        closed.

        :raises BadRequest: if another backup is being made.
        :raises NoSpace: if the disk is too full, before the first byte.
        :raises StoreError: if a database cannot be read.
        """
