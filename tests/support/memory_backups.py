"""Backups in memory: pieces that a test chose."""

from zope.interface import implementer

from clace.admin_api.backups import BackupPiece
from clace.interfaces import IBackups

PIECES = (
    BackupPiece(size=10, scratch=20),
    BackupPiece(step="all of it"),
    BackupPiece(content=b"a whole backup"),
    BackupPiece(is_last=True),
)


@implementer(IBackups)
class MemoryBackups:
    """Keeps what was wished for."""

    def __init__(self, pieces=PIECES):
        self.given = pieces
        self.wishes = []

    async def pieces(self, wish):
        self.wishes.append(wish)
        for piece in self.given[: 1 if wish.dry_run else None]:
            yield piece
