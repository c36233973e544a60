"""A home with everything that a backup has, and its backup."""

import sqlite3
from contextlib import closing
from pathlib import Path

from clace.admin_api.backups import BackupKey, BackupWish
from clace.backups.creating import BackupSources, backup_pieces
from clace.backups.sealing import derived_key
from clace.database.schema import UpgradeOptions
from clace.metadata.store import SCHEMA
from clace.model.backups import KeyDerivation
from tests.database.test_schema import NOW

SECRET = b"a passphrase of a test"
DERIVATION = KeyDerivation(salt=b"s" * 16, cost=1 << 10)
CONFIG = """# a comment that stays
admin_user = "root"
[client]
admin_password = "hunter2"
[auth.github]
key = "id"
secret = "shhh"
"""
SECRETS = (("client", "admin_password"), ("auth", "github", "secret"))
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def key():
    """The key of the test's passphrase."""
    return BackupKey(derived_key(SECRET, DERIVATION), DERIVATION)


class BackedUpHome:
    """A home below ``folder``."""

    def __init__(self, folder):
        self.folder = folder
        self.home = folder / "home"
        self.outside = folder / "srv"
        self.metadata = self.home / "metadata" / "meta.db"
        SCHEMA.prepare(self.metadata, UpgradeOptions(), NOW)
        with closing(sqlite3.connect(self.metadata)) as database, database:
            columns = "name, key_id, created_by, create_time, update_time, description"
            database.execute(
                f"INSERT INTO secrets ({columns}, source_file, sealed) VALUES "
                "('token', 'key1', '', '2026-01-01', '2026-01-01', '', '', 'SEALED')"
            )
            database.execute(
                "INSERT INTO users VALUES ('ann', '', '[]', '2026-01-01', '2026-01-01')"
            )
        self.write("home/clace.toml", CONFIG)
        self.write("home/config/secret.key", "key1:AAAA")
        self.write("home/config/certificates/a.crt", CERTIFICATE)
        self.write("home/config/authority.crt", CERTIFICATE)
        self.write("home/config/certificates/a.key", "-----BEGIN PRIVATE KEY-----")
        self.write("home/logs/clace.log", "a log")
        self.write("home/data/apps/app_prd_1/data/sub/rows", "rows of a program", 0o640)
        self.write("home/data/apps/app_prd_1/volumes/v/large", "large")
        self.write("home/environments/built/e1/bin/python", "large", 0o755)
        self.write("home/environments/cache/c", "large")
        self.write("home/run/x", "made anew")
        self.write("home/metadata/meta.db.v5-20260101T000000Z.bak", "old")
        self.write("srv/report.txt", "a report", 0o640)
        (self.outside / "link").symlink_to("/etc/passwd")

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def sources(self, **other):
        return BackupSources(
            **{
                "home": self.home,
                "version": "1.2",
                "config_file": self.home / "clace.toml",
                "secrets": SECRETS,
                "databases": {"metadata": self.metadata},
                "postgres": {},
                "folders": lambda: [self.outside],
                "seconds": NOW.timestamp,
                "random": lambda size: b"r" * size,
                **other,
            }
        )

    def pieces(self, wish=None, **other):
        wish = wish or BackupWish(key=key())
        return backup_pieces(self.sources(**other), wish, dry_run=False)

    def backup(self, wish=None, **other):
        """The file of a backup."""
        path = Path(self.folder / "a.backup")
        path.write_bytes(b"".join(piece.content for piece in self.pieces(wish, **other)))
        return path
