import contextlib
import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.database.place import make_private, sqlite_path
from clace.errors import StoreError


class SqlitePathTests(SynchronousTestCase):
    """From a URL to a file."""

    def test_takes_paths(self):
        """The path behind ``sqlite:`` is the file, made absolute."""
        self.assertEqual(sqlite_path("sqlite:/var/db/a b.db"), Path("/var/db/a b.db"))
        self.assertEqual(sqlite_path("sqlite:a.db"), Path("a.db").absolute())

    def test_refuses_what_is_no_file(self):
        """Databases in memory, and other URLs, are refused."""
        for url in ("", "sqlite:", "sqlite::memory:", "/a.db", "mysql://u:secret@h/d"):
            error = self.assertRaises(StoreError, sqlite_path, url)
            self.assertNotIn("secret", error.message)

    def test_says_what_postgresql_lacks(self):
        """A PostgreSQL URL is refused by what is missing, without its password."""
        error = self.assertRaises(StoreError, sqlite_path, "postgres://u:secret@h/d")
        self.assertIn("PostgreSQL", error.message)
        self.assertNotIn("secret", error.message)

    @given(st.text())
    def test_refuses_as_such(self, text):
        """Any text is a file or a refusal."""
        for url in (text, f"sqlite:{text}"):
            with contextlib.suppress(StoreError):
                self.assertTrue(sqlite_path(url).is_absolute())


class MakePrivateTests(SynchronousTestCase):
    """Files for their owner only."""

    def mode(self, path):
        return stat.S_IMODE(path.stat().st_mode)

    def test_makes_file_and_folder(self):
        """What is made is closed to others."""
        path = Path(self.mktemp()) / "deep" / "a.db"
        make_private(path)
        self.assertEqual((self.mode(path), self.mode(path.parent)), (0o600, 0o700))

    def test_closes_what_was_open(self):
        """A file that others could read is closed to them, and keeps its content."""
        path = Path(self.mktemp())
        path.write_text("kept")
        path.chmod(0o644)
        make_private(path)
        self.assertEqual((self.mode(path), path.read_text()), (0o600, "kept"))

    def test_leaves_folders_that_are_there(self):
        """The mode of a folder not made here is its owner's business."""
        folder = Path(self.mktemp())
        folder.mkdir(mode=0o755)
        make_private(folder / "a.db")
        self.assertEqual(self.mode(folder), 0o755)

    def test_names_what_cannot_be_made(self):
        """A path below a file is refused with the path and the reason."""
        blocked = Path(self.mktemp())
        blocked.write_text("")
        error = self.assertRaises(StoreError, make_private, blocked / "a.db")
        self.assertIn(str(blocked / "a.db"), error.message)
        self.assertIn("Not a directory", error.message)
