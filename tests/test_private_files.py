"""Tests for ``clace.private_files``."""

import os
import unittest
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.private_files import create_file, make_private_folder, replace_file


def mode(path):
    return path.stat().st_mode & 0o777


class PrivateFilesTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.addCleanup(os.umask, os.umask(0))
        make_private_folder(self.folder)

    def test_folder_is_private(self):
        """A new folder is the owner's alone, whatever the umask."""
        self.assertEqual(mode(self.folder), 0o700)

    def test_folder_stays(self):
        """A folder that is there keeps the mode its owner gave it."""
        self.folder.chmod(0o750)
        make_private_folder(self.folder)
        self.assertEqual(mode(self.folder), 0o750)

    def test_creates_with_mode(self):
        """A new file has its content and its mode."""
        path = self.folder / "default.key"
        self.assertTrue(create_file(path, b"secret", 0o600))
        self.assertEqual((path.read_bytes(), mode(path)), (b"secret", 0o600))

    def test_creates_no_second_time(self):
        """A file that is there is not touched."""
        path = self.folder / "default.key"
        path.write_bytes(b"precious")
        self.assertFalse(create_file(path, b"secret", 0o600))
        self.assertEqual(path.read_bytes(), b"precious")

    def test_replaces(self):
        """A replaced file is a new one: who has the old one open goes on reading that."""
        path = self.folder / "default.crt"
        path.write_bytes(b"old")
        with path.open("rb") as before:
            replace_file(path, b"new", 0o644)
            self.assertEqual(before.read(), b"old")
        self.assertEqual((path.read_bytes(), mode(path)), (b"new", 0o644))

    def test_leaves_nothing_behind(self):
        """Nothing but the files asked for is left, also when one could not be put in place."""
        (self.folder / "taken").mkdir()
        self.assertRaises(OSError, replace_file, self.folder / "taken", b"new", 0o600)
        create_file(self.folder / "key", b"new", 0o600)
        create_file(self.folder / "key", b"new", 0o600)
        self.assertEqual({each.name for each in self.folder.iterdir()}, {"taken", "key"})

    def test_keeps_the_owner(self):
        """A replaced file can belong to the one who had it, where that may be decided."""
        if os.getuid():
            raise unittest.SkipTest("only root may give files away")
        path = self.folder / "clace.toml"
        replace_file(path, b"new", 0o640, (12345, 12346))
        state = path.stat()
        self.assertEqual((state.st_uid, state.st_gid, mode(path)), (12345, 12346, 0o640))
