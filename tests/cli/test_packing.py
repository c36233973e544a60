"""Local sources as they are sent to a server."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.cli.packing import _parts, local_files
from clace.errors import SourceError
from clace.units import MEBIBYTE


class PackingTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.put("app.py", b"app")

    def put(self, name, content=b""):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def names(self):
        return [file.name for file in local_files(self.folder)]

    def test_all_files(self):
        """Files of all folders, hidden ones too; but not what no source has."""
        for name in ("a/b/c.txt", ".env.example", ".git/config", "a/__pycache__/x.pyc", ".venv/x"):
            self.put(name)
        self.assertEqual(self.names(), [".env.example", "a/b/c.txt", "app.py"])

    def test_ignored(self):
        """Both ignore files hold, in their own folder and below, and the deepest decides."""
        self.put(".gitignore", b"*.log\n/build/\n!keep.log\n")
        self.put(".claceignore", b"secret.*\n")
        self.put("a/.gitignore", b"!x.log\nlocal\n")
        for name in ("y.log", "keep.log", "build/x", "secret.txt", "a/x.log", "a/local", "local"):
            self.put(name)
        self.put("a/build/y")
        self.assertEqual(
            self.names(),
            [
                *(".claceignore", ".gitignore", "a/.gitignore", "a/build/y", "a/x.log"),
                *("app.py", "keep.log", "local"),
            ],
        )

    def test_links(self):
        """A link is refused by its name: the server could not follow it."""
        (self.folder / "link").symlink_to("/etc/passwd")
        with self.assertRaises(SourceError) as caught:
            self.names()
        self.assertIn("link is a symbolic link", str(caught.exception))
        self.put(".claceignore", b"link\n")
        self.assertEqual(self.names(), [".claceignore", "app.py"])

    def test_file(self):
        """A single file is a source by itself."""
        found = list(local_files(self.folder / "app.py"))
        self.assertEqual([file.name for file in found], ["app.py"])

    def test_unreadable(self):
        """A file that cannot be read is told by its name."""
        refused = self.assertRaises(
            SourceError, list, _parts(list(local_files(Path("/proc/self/mem"))))
        )
        self.assertEqual(refused.message, "cannot read /proc/self/mem: Input/output error")

    def test_pieces(self):
        """All bytes arrive in order, in parts that a request can hold."""
        self.put("big", bytes(range(256)) * 4096 * 9)
        self.put("empty")
        parts = list(_parts(list(local_files(self.folder))))
        self.assertTrue(
            all(sum(len(piece.data) for piece in part) <= 8 * MEBIBYTE for part in parts)
        )
        whole = {}
        for part in parts:
            for piece in part:
                whole[piece.name] = whole.get(piece.name, b"") + piece.data
        read = {file.name: file.path.read_bytes() for file in local_files(self.folder)}
        self.assertEqual(whole, read)
        self.assertEqual([p.more for part in parts for p in part if p.name == "big"][-1], False)
