"""Tests for ``clace.log_files``, and what the class of Twisted for the same does not do."""

import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.python.logfile import LogFile
from twisted.trial.unittest import SynchronousTestCase

from clace.log_files import RotatingFile


class RotatingFileTests(SynchronousTestCase):
    def setUp(self):
        self.path = Path(self.mktemp()) / "logs" / "x.log"

    def file(self, max_bytes=10, backups=2):
        file = RotatingFile(self.path, max_bytes, backups)
        self.addCleanup(file.close)
        return file

    def contents(self):
        """What is in each file, by the end of its name."""
        return {
            each.name.removeprefix("x.log"): each.read_bytes()
            for each in self.path.parent.iterdir()
        }

    def test_nothing_before_the_first_write(self):
        """Neither file nor folder is made by a file nobody writes to."""
        self.file()
        self.assertFalse(self.path.parent.exists())

    def test_only_for_the_owner(self):
        """The folder is 0700; a file is 0600, even one that others could read."""
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        self.file().write(b"a")
        self.assertEqual(self.path.parent.stat().st_mode & 0o777, 0o700)
        self.path.chmod(0o644)
        self.file().write(b"a")
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)

    def test_rotates(self):
        """A full file is put aside; the oldest goes when there are more than are kept."""
        file = self.file()
        for number in range(8):
            file.write(b"line%d" % number)
        self.assertEqual(
            self.contents(), {"": b"line6line7", ".1": b"line4line5", ".2": b"line2line3"}
        )

    def test_keeps_none(self):
        """Without backups a full file is begun anew."""
        file = self.file(backups=0)
        for text in (b"123456", b"abcdef"):
            file.write(text)
        self.assertEqual(self.contents(), {"": b"abcdef"})

    def test_goes_on(self):
        """A file of an earlier run is added to, and counts."""
        self.file().write(b"12345")
        file = self.file()
        file.write(b"678")
        file.write(b"abc")
        self.assertEqual(self.contents(), {"": b"abc", ".1": b"12345678"})

    def test_fewer_backups_than_before(self):
        """What an earlier run kept beyond today's number goes; other files stay."""
        self.path.parent.mkdir(parents=True)
        for end in (".1", ".2", ".7", ".01", ".1.gz"):
            self.path.with_name("x.log" + end).write_bytes(end.encode())
        file = self.file(backups=1)
        file.write(b"0123456789")
        file.write(b"a")
        self.assertEqual(
            self.contents(), {"": b"a", ".1": b"0123456789", ".01": b".01", ".1.gz": b".1.gz"}
        )

    def test_close_and_write(self):
        """A closed file is opened again by the next write."""
        file = self.file()
        file.write(b"a")
        file.close()
        file.close()
        file.write(b"b")
        self.assertEqual(self.contents(), {"": b"ab"})

    def test_refuses_links(self):
        """A link in the file's place is not followed."""
        self.path.parent.mkdir(parents=True)
        self.path.symlink_to("other")
        self.assertRaises(OSError, self.file().write, b"a")
        self.assertFalse(self.path.with_name("other").exists())

    @given(st.lists(st.binary(max_size=15), max_size=20), st.integers(0, 4))
    def test_loses_only_the_oldest(self, writes, backups):
        """Read from the oldest, the files are the end of what was written, cut between writes."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x"
            file = RotatingFile(path, 10, backups)
            for content in writes:
                file.write(content)
            file.close()
            files = [path, *(path.with_name(f"x.{n}") for n in range(1, backups + 1))]
            kept = b"".join(each.read_bytes() for each in reversed(files) if each.exists())
            ends = [b"".join(writes[start:]) for start in range(len(writes) + 1)]
            self.assertIn(kept, ends)
            self.assertLessEqual(len(list(Path(folder).iterdir())), backups + 1)


class TwistedLogFileTests(SynchronousTestCase):
    """Reasons for a class of our own; if one of these fails, Twisted's may do by now."""

    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "x.log"

    def file(self, **options):
        file = LogFile("x.log", str(self.folder), 10, 0o600, **options)
        self.addCleanup(lambda: file.closed or file.close())
        return file

    def test_follows_links(self):
        """It writes to whatever a link in the file's place leads to."""
        other = self.folder / "other"
        other.write_bytes(b"")
        self.path.symlink_to("other")
        self.file().write(b"a")
        self.assertEqual(other.read_bytes(), b"a")

    def test_changes_the_umask_of_all_threads(self):
        """Files that other threads make while it opens its own cannot be opened by anybody."""
        masks = []
        self.patch(os, "umask", lambda mask: masks.append(mask) or 0o022)
        self.file()
        self.assertEqual(masks, [0o777, 0o022])

    def test_keeps_one_at_least(self):
        """Without backups a full file is kept nevertheless."""
        file = self.file(maxRotatedFiles=0)
        for text in (b"0123456789", b"abc"):
            file.write(text)
        self.assertEqual({each.name for each in self.folder.iterdir()}, {"x.log", "x.log.1"})

    def test_stumbles_over_other_names(self):
        """A file beside it whose end is a number in another form stops the log."""
        (self.folder / "x.log.01").write_bytes(b"")
        file = self.file(maxRotatedFiles=3)
        file.write(b"0123456789")
        self.assertRaises(FileNotFoundError, file.write, b"abc")

    def test_is_closed_for_good(self):
        """It is no use after it was closed, nor can it wait for the first write to open."""
        file = self.file()
        self.assertTrue(self.path.exists())
        file.close()
        self.assertRaises(AttributeError, file.write, b"a")

    def test_loses_the_rest(self):
        """It takes no notice when only a part could be written."""
        file = self.file()
        file._file.close()
        file._file = Short()
        file.write(b"abc")
        self.assertEqual((file._file.taken, file.size), (b"a", 3))


class Short:
    """A file that takes one byte at a time."""

    taken = b""

    def write(self, data):
        self.taken += data[:1]
        return 1

    def close(self):
        pass
