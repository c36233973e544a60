from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.admin_api.backups import BackupPiece, BackupWish, CreateBackup
from clace.backups.archive import read_entries
from clace.backups.backups import Backups
from clace.backups.creating import backup_pieces
from clace.errors import BadRequest, NoSpace, StoreError
from clace.interfaces import IBackups
from clace.units import MEBIBYTE
from tests.backups.home import BackedUpHome


def names(path):
    """The names of what a backup has, and all its bytes."""
    with path.open("rb") as file:
        return {entry.name: entry.whole() for entry in read_entries(file)}


class CreatingTests(SynchronousTestCase):
    def setUp(self):
        self.world = BackedUpHome(Path(self.mktemp()).absolute())

    def test_files(self):
        """A backup has the databases, the configuration, certificates and folders of fs.in."""
        found = names(self.world.backup())
        self.assertEqual(
            list(found),
            [
                "clace-backup.json",
                "home/clace.toml",
                "home/metadata/meta.db",
                "home/config/authority.crt",
                "home/data/apps/app_prd_1/data/sub/rows",
                f"outside{self.world.outside}/report.txt",
                "manifest.json",
                "sealed",
            ],
        )

    def test_secrets_are_sealed(self):
        """No secret is in the file but sealed, whether of the database, of config/ or of the
        configuration; comments and other keys of that stay.
        """
        found = names(self.world.backup())
        for name, content in found.items():
            for secret in (b"hunter2", b"shhh", b"SEALED", b"key1:AAAA", b"PRIVATE KEY"):
                self.assertNotIn(secret, content, name)
        config = found["home/clace.toml"].decode()
        self.assertIn("# a comment that stays", config)
        self.assertIn('admin_user = "root"', config)

    def test_certificates(self):
        """A certificate goes where its key goes: a server does not start with the one alone."""
        found = names(self.world.backup(BackupWish()))
        self.assertNotIn("home/config/certificates/a.crt", found)
        self.assertIn(b"config/certificates/a.crt", found["manifest.json"])

    def test_without_secrets(self):
        """Without a key the secrets are not in it at all, and it says which are missing."""
        found = names(self.world.backup(BackupWish()))
        self.assertNotIn("sealed", found)
        self.assertIn(b"secrets: token", found["manifest.json"])

    def test_without_folders(self):
        """The folders of fs.in stay out if nobody wants them."""
        found = names(self.world.backup(BackupWish(folders=False)))
        self.assertFalse([name for name in found if name.startswith("outside/")])

    def test_says_what_is_left_out(self):
        """Links are not followed, and the manifest says so."""
        manifest = names(self.world.backup())["manifest.json"].decode()
        self.assertIn(f"{self.world.outside}/link", manifest)

    def test_kept_by_name(self):
        """Of environments and volumes only the names are kept."""
        found = names(self.world.backup())
        self.assertFalse([name for name in found if name.endswith(("python", "large", "/c"))])
        manifest = found["manifest.json"].decode()
        for name in ("environments/built/e1", "data/apps/app_prd_1/volumes/v"):
            self.assertIn(f'{name}","reason":"kept by name', manifest)
        self.assertNotIn("cache", manifest)

    def test_announces(self):
        """The first piece has no bytes and a size that the file does not go beyond; the last says
        that it is.
        """
        pieces = list(self.world.pieces())
        self.assertEqual(pieces[0].content, b"")
        whole = sum(len(piece.content) for piece in pieces)
        self.assertGreaterEqual(pieces[0].size, whole)
        self.assertEqual([piece.is_last for piece in pieces[-2:]], [False, True])
        self.assertIn("database metadata", [piece.step for piece in pieces])

    def test_too_little_space(self):
        """A disk without space for the copies is told before the first byte; nothing is made."""
        pieces = self.world.pieces(free=lambda _place: MEBIBYTE)
        self.assertRaises(NoSpace, next, pieces)
        self.assertFalse((self.world.home / "run" / "backup").exists())

    def test_dry_run(self):
        """A dry run tells the sizes, and makes nothing."""
        found = list(backup_pieces(self.world.sources(), BackupWish(), dry_run=True))
        self.assertEqual(len(found), 1)
        self.assertGreater(found[0].size, 0)

    def test_leaves_nothing(self):
        """Copies are gone at the end, and when nobody wants the rest."""
        scratch = self.world.home / "run" / "backup"
        list(self.world.pieces())
        self.assertFalse(scratch.exists())
        pieces = self.world.pieces()
        while not next(pieces).step.startswith("database"):
            pass
        next(pieces)
        self.assertTrue(scratch.exists())
        pieces.close()
        self.assertFalse(scratch.exists())

    def test_file_that_goes(self):
        """A file that is gone when its turn comes is left out, and that is told."""
        pieces = self.world.pieces()
        next(pieces)
        (self.world.outside / "report.txt").unlink()
        path = self.world.folder / "a.backup"
        path.write_bytes(b"".join(piece.content for piece in pieces))
        told = names(path)["manifest.json"].decode()
        self.assertIn('report.txt","reason":"cannot be read', told)

    def test_no_database(self):
        """A database that cannot be read is an error before the first byte."""
        broken = self.world.folder / "broken.db"
        broken.write_text("nonsense" * 1000)
        pieces = self.world.pieces(databases={"metadata": broken})
        self.assertRaises(StoreError, next, pieces)


class Threads:
    """Work that is done when the test says so."""

    def __init__(self):
        self.given = []

    async def __call__(self, work):
        done = Deferred()
        self.given.append((work, done))
        return await done

    def work(self):
        work, done = self.given.pop(0)
        try:
            done.callback(work())
        except Exception as error:  # noqa: BLE001 - it is the caller's
            done.errback(error)


class BackupsTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.threads = Threads()
        self.closed = []
        self.backups = Backups(self.made, self.threads)

    def made(self, _query):
        try:
            yield BackupPiece(size=1)
            yield BackupPiece(content=b"a")
        finally:
            self.closed.append(True)

    async def taken(self, generator):
        return [piece async for piece in generator]

    def test_pieces(self):
        """Pieces are made in the thread, one when the last was taken."""
        verifyObject(IBackups, self.backups)
        taking = Deferred.fromCoroutine(self.taken(self.backups.pieces(CreateBackup(BackupWish()))))
        while self.threads.given:
            self.threads.work()
        self.assertEqual(len(self.successResultOf(taking)), 2)
        self.assertEqual(self.closed, [True])

    def test_one_at_a_time(self):
        """A second backup is refused as long as there is a first, and not after it."""
        query = CreateBackup(BackupWish())
        first = Deferred.fromCoroutine(self.taken(self.backups.pieces(query)))
        second = Deferred.fromCoroutine(self.taken(self.backups.pieces(query)))
        self.failureResultOf(second, BadRequest)
        while self.threads.given:
            self.threads.work()
        self.successResultOf(first)
        third = Deferred.fromCoroutine(self.taken(self.backups.pieces(query)))
        while self.threads.given:
            self.threads.work()
        self.assertEqual(len(self.successResultOf(third)), 2)

    def test_client_that_leaves(self):
        """What was begun is ended when the client is gone, after what the thread still does."""
        taking = Deferred.fromCoroutine(self.taken(self.backups.pieces(CreateBackup(BackupWish()))))
        self.threads.work()
        taking.cancel()
        self.assertEqual(self.closed, [])
        while self.threads.given:
            self.threads.work()
        self.assertEqual(self.closed, [True])
        taking.addErrback(lambda _: None)
