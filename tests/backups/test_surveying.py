"""Tests for ``clace.backups.surveying``."""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.backups.surveying import opened_below, surveyed


class HostileDataTests(SynchronousTestCase):
    """A program does with its data folder whatever it likes, also while a backup is made."""

    def setUp(self):
        self.home = Path(self.mktemp()).absolute()
        self.data = self.home / "data" / "apps" / "app_1" / "data"
        (self.data / "sub").mkdir(parents=True)
        (self.data / "sub" / "rows").write_text("rows")
        self.elsewhere = Path(self.mktemp()).absolute()
        self.elsewhere.mkdir()
        (self.elsewhere / "rows").write_text("of the machine")

    def surveyed(self):
        return surveyed(self.home, (), ())

    def test_deep_folders(self):
        """Folders in folders without end are left out and named, and all others are found."""
        self.data.joinpath(*["d"] * 150).mkdir(parents=True)
        survey = self.surveyed()
        self.assertEqual([one.path.name for one in survey.files], ["rows"])
        self.assertEqual([one.reason for one in survey.left_out], ["it is too deep"])

    def test_hollow_files(self):
        """A file that claims to be larger than any disk is left out and named."""
        for name, size in (("huge", 1 << 40), ("small", 1 << 20)):
            with (self.data / name).open("wb") as file:
                file.truncate(size)
        survey = self.surveyed()
        self.assertEqual(sorted(one.path.name for one in survey.files), ["rows", "small"])
        self.assertEqual(
            [(Path(one.name).name, one.reason) for one in survey.left_out],
            [("huge", "nearly all of it is holes")],
        )

    def test_links_put_there_later(self):
        """A folder or file that has become a link since it was found leads nowhere."""
        (found,) = self.surveyed().files
        os.close(opened_below(found.top, found.path))
        (self.data / "sub").rename(self.data / "before")
        (self.data / "sub").symlink_to(self.elsewhere)
        self.assertRaises(OSError, opened_below, found.top, found.path)
        self.assertRaises(OSError, opened_below, found.top, found.path.parent, os.O_DIRECTORY)
        (self.data / "sub").unlink()
        (self.data / "sub").mkdir()
        found.path.symlink_to(self.elsewhere / "rows")
        self.assertRaises(OSError, opened_below, found.top, found.path)

    def test_pipes(self):
        """A pipe in the place of a file is opened without waiting for whoever writes into it."""
        (found,) = self.surveyed().files
        found.path.unlink()
        os.mkfifo(found.path)
        os.close(opened_below(found.top, found.path))
