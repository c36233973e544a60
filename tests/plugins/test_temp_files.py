"""Temporary files: whose they are, who may fetch them, and when they go."""

import os
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoSuchRoute, TooLarge
from clace.plugins.kit.temp_files import APP, ServedFile, TempFiles
from tests.support.threads import at_once

APP_ID = "app_prd_1"


class TempFilesTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.in_thread = at_once
        self.files = TempFiles(str(self.folder), self.clock, os.urandom, self.do)

    def do(self, work):
        return self.in_thread(work)

    def make(self, text=b"hello"):
        path = self.files.reserve(APP_ID)
        with self.successResultOf(self.files.create(path)) as file:
            file.write(text)
        return path

    def offer(self, path, **options):
        state = Path(path).stat()
        return self.files.serve(
            ServedFile(
                app_id=APP_ID,
                user_id="ann",
                path=path,
                identity=(state.st_dev, state.st_ino),
                name="report.csv",
                mime_type="text/csv",
                **options,
            )
        )

    def open(self, file_id, app_id=APP_ID, user_id="ann"):
        return self.successResultOf(self.files.open(app_id, user_id, file_id))

    def assert_hidden(self, file_id, app_id=APP_ID, user_id="ann"):
        self.failureResultOf(self.files.open(app_id, user_id, file_id), NoSuchRoute)

    def fetch(self, file_id, delivered=True, **who):
        download = self.open(file_id, **who)
        text = download.file.read()
        download.close(delivered)
        return text

    def test_make(self):
        """A new file is empty, private, and known by whose it is."""
        path = self.make(b"")
        self.assertEqual(Path(path).stat().st_mode & 0o777, 0o600)
        self.assertTrue(Path(path).name.startswith("clace-exec-stdout-"))
        self.assertEqual(self.files.owner(path), APP_ID)
        self.assertIsNone(self.files.owner("/etc/passwd"))

    def test_reserved(self):
        """A path that was reserved and never used can be discarded."""
        self.successResultOf(self.files.discard(self.files.reserve(APP_ID)))

    def test_taken(self):
        """A file is never written where there is one already."""
        path = self.make()
        self.failureResultOf(self.files.create(path), FileExistsError)

    def test_discard(self):
        """A file that nobody is offered goes, and only files made here do."""
        path = self.make()
        self.successResultOf(self.files.discard(path))
        self.assertFalse(Path(path).exists())
        other = self.folder / "other"
        other.touch()
        self.successResultOf(self.files.discard(str(other)))
        self.assertTrue(other.exists())

    def test_offered_stays(self):
        """A file that is offered outlives the request that made it."""
        path = self.make()
        file_id = self.offer(path)
        self.successResultOf(self.files.discard(path))
        self.assertEqual(self.fetch(file_id), b"hello")

    def test_download(self):
        """A download has the file with its size, name and type."""
        download = self.open(self.offer(self.make()))
        self.assertEqual(
            (download.size, download.name, download.mime_type), (5, "report.csv", "text/csv")
        )
        download.close(True)
        self.assertTrue(download.file.closed)

    def test_ids(self):
        """Ids say what they are for and cannot be guessed from one another."""
        path = self.make()
        ids = {self.offer(path) for _ in range(10)}
        self.assertEqual(len(ids), 10)
        self.assertTrue(all(one.startswith("usr_file_") for one in ids))

    def test_single_access(self):
        """A single access is used up by a delivery, not by a failed one, nor twice at once."""
        path = self.make()
        file_id = self.offer(path)
        self.fetch(file_id, delivered=False)
        download = self.open(file_id)
        self.assert_hidden(file_id)
        download.close(True)
        self.assert_hidden(file_id)
        self.assertFalse(Path(path).exists())

    def test_many_accesses(self):
        """Without single access a file can be fetched until its time is over."""
        path = self.make()
        file_id = self.offer(path, single_access=False, seconds=60)
        for _ in range(3):
            self.fetch(file_id)
        self.clock.advance(60)
        self.assert_hidden(file_id)
        self.assertFalse(Path(path).exists())

    def test_no_expiry(self):
        """Without an expiry a file is there until it is fetched."""
        file_id = self.offer(self.make(), seconds=0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(10**8)
        self.fetch(file_id)

    def test_others(self):
        """A user's file is for that user, through the app that offers it."""
        file_id = self.offer(self.make())
        self.assert_hidden(file_id, user_id="bob")
        self.assert_hidden(file_id, app_id="app_prd_2")
        self.assert_hidden("usr_file_x")
        self.fetch(file_id)

    def test_app_visibility(self):
        """An app's file is for all its users, and still not for other apps."""
        file_id = self.offer(self.make(), visibility=APP)
        self.assert_hidden(file_id, app_id="app_prd_2")
        self.assertEqual(self.fetch(file_id, user_id="bob"), b"hello")

    def test_foreign_file(self):
        """A file that was not made here is served but never deleted."""
        other = self.folder / "other"
        other.write_bytes(b"mine")
        file_id = self.offer(str(other))
        self.assertEqual(self.fetch(file_id), b"mine")
        self.assert_hidden(file_id)
        self.assertTrue(other.exists())

    def test_replaced(self):
        """Another file, or a link, put in the place of an offered one is not served."""
        path = Path(self.make())
        file_id = self.offer(str(path))
        path.rename(self.folder / "moved")
        self.assert_hidden(file_id)
        path.write_bytes(b"other")
        self.assert_hidden(file_id)
        path.unlink()
        path.symlink_to(self.folder / "moved")
        self.assert_hidden(file_id)

    def test_limit(self):
        """An app offers only so many files at a time; some go when their time is over."""
        path = self.make()
        for _ in range(1000):
            self.offer(path, seconds=60)
        with self.assertRaisesRegex(TooLarge, "offers 1000 files; .* fewer expiry_minutes"):
            self.offer(path)
        self.clock.advance(60)
        self.offer(self.make())

    def test_limit_for_ever(self):
        """Offers that never expire leave room for those that do."""
        path = self.make()
        for _ in range(100):
            self.offer(path, seconds=0)
        with self.assertRaisesRegex(TooLarge, "give expiry_minutes"):
            self.offer(path, seconds=0)
        self.offer(path)

    def test_cancelled(self):
        """Who stops waiting for a file to be opened leaves it to others."""
        file_id = self.offer(self.make())
        opening, self.in_thread = Deferred(), lambda work: opening
        waiting = Deferred.fromCoroutine(self.files.open(APP_ID, "ann", file_id))
        waiting.addErrback(lambda _: None)
        waiting.cancel()
        self.in_thread = at_once
        self.assertEqual(self.fetch(file_id), b"hello")

    def test_begin(self):
        """What a server left that was killed is removed by the next, and nothing else."""
        left = Path(self.make())
        other = self.folder / "other"
        other.touch()
        link = left.with_name(f"{left.name}x")
        link.symlink_to(other)
        files = TempFiles(str(self.folder), self.clock, os.urandom, at_once)
        files.begin()
        self.assertFalse(left.exists())
        self.assertTrue(other.exists() and link.is_symlink())
        self.successResultOf(files.stop())

    def upload(self, name="a.txt"):
        inbox = Path(self.files.inbox())
        inbox.mkdir()
        path = inbox / name
        path.write_bytes(b"hello")
        self.files.adopt(str(path), APP_ID)
        return path

    def test_upload(self):
        """A file that was sent is its app's, and goes with its folder."""
        path = self.upload()
        self.assertEqual(self.files.owner(str(path)), APP_ID)
        self.successResultOf(self.files.discard(str(path)))
        self.assertEqual([*self.folder.iterdir()], [])

    def test_offered_upload(self):
        """A file that was sent stays for as long as the app offers it."""
        path = self.upload("r.csv")
        file_id = self.offer(str(path))
        self.successResultOf(self.files.discard(str(path)))
        self.assertEqual(self.fetch(file_id), b"hello")
        self.assertEqual([*self.folder.iterdir()], [])

    def test_uploads_of_a_dead_server(self):
        """What was sent to a server that was killed is removed with its folder."""
        inbox = self.upload().parent
        files = TempFiles(str(self.folder), self.clock, os.urandom, at_once)
        files.begin()
        self.assertFalse(inbox.exists())
        self.successResultOf(files.stop())

    def test_two_servers(self):
        """What a server uses no other one removes, as long as it runs."""
        self.files.begin()
        path = Path(self.make())
        another = TempFiles(str(self.folder), self.clock, os.urandom, at_once)
        another.begin()
        self.assertTrue(path.exists())
        for files in (another, self.files):
            self.successResultOf(files.stop())

    def test_two_offers(self):
        """A file offered twice goes with the last offer."""
        path = self.make()
        first, second = self.offer(path), self.offer(path)
        self.fetch(first)
        self.assertEqual(self.fetch(second), b"hello")
        self.assertFalse(Path(path).exists())

    def test_stop(self):
        """At the end no file that was made here and no timer stays."""
        self.make()
        self.offer(self.make())
        self.successResultOf(self.files.stop())
        self.assertEqual([*self.folder.iterdir()], [])
        self.assertEqual(self.clock.getDelayedCalls(), [])
