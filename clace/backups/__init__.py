"""Backups: everything that a server knows in one file, made while it runs, restored without one."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.backups.backups import Backups as Backups, open_backups as open_backups
    from clace.backups.creating import BackupSources as BackupSources
    from clace.backups.restoring import (
        restore_backup as restore_backup,
        verify_backup as verify_backup,
    )
    from clace.backups.sealing import derived_key as derived_key
else:
    __getattr__ = face(
        __name__,
        backups=("Backups", "open_backups"),
        creating=("BackupSources",),
        restoring=("restore_backup", "verify_backup"),
        sealing=("derived_key",),
    )
