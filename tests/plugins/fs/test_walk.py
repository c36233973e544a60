"""Folders walked by descriptor."""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.fs.walk import FolderWalk, blocks, joined
from clace.plugins.kit.definition import CallFailed


class WalkTests(SynchronousTestCase):
    def setUp(self):
        self.root = Path(self.mktemp()).absolute()
        (self.root / "a" / "b").mkdir(parents=True)
        (self.root / "a" / "b" / "file").write_bytes(b"x" * 5000)
        (self.root / "small").write_bytes(b"x")
        self.outside = Path(self.mktemp()).absolute()
        self.outside.mkdir()
        (self.outside / "big").write_bytes(b"x" * 100_000)
        (self.root / "a" / "link").symlink_to(self.outside)
        self.folder = os.open(self.root, os.O_RDONLY)
        self.addCleanup(os.close, self.folder)

    def paths(self, walk):
        device = os.fstat(self.folder).st_dev
        return sorted(path for path, _ in walk.below(self.folder, "/r", device))

    def test_below(self):
        """A walk sees everything below, links as links."""
        expected = ["/r/a", "/r/a/b", "/r/a/b/file", "/r/a/link", "/r/small"]
        self.assertEqual(self.paths(FolderWalk(100, ignore_errors=False)), expected)

    def test_other_file_system(self):
        """A walk stays on the file system that it is told."""
        walk = FolderWalk(100, ignore_errors=False)
        seen = sorted(path for path, _ in walk.below(self.folder, "/r", -1))
        self.assertEqual(seen, ["/r/a", "/r/small"])

    def test_size(self):
        """The size of a folder is its own blocks and those of all below it."""
        state = (self.root / "a").lstat()
        own = blocks(state) + blocks((self.root / "a" / "b").lstat())
        link = blocks((self.root / "a" / "link").lstat())
        size = FolderWalk(100, ignore_errors=False).size(self.folder, "a", "/r/a", state)
        self.assertEqual(size, own + link + 8192)

    def test_not_entered(self):
        """A closed folder is seen, and nothing that is in it, nor how large that is."""
        state = (self.root / "a" / "b").lstat()
        walk = FolderWalk(100, False, frozenset({(state.st_dev, state.st_ino)}))
        self.assertEqual(self.paths(walk), ["/r/a", "/r/a/b", "/r/a/link", "/r/small"])
        self.assertEqual(walk.size(self.folder, "a/b", "/r/a/b", state), blocks(state))

    def test_budget(self):
        """A walk ends when it has seen as much as it may."""
        with self.assertRaises(CallFailed):
            self.paths(FolderWalk(4, ignore_errors=True))
        self.assertEqual(len(self.paths(FolderWalk(5, ignore_errors=True))), 5)

    def test_stopped(self):
        """A walk ends when nobody waits for it any more."""
        walk = FolderWalk(100, ignore_errors=True)
        walk.stopped.set()
        with self.assertRaises(CallFailed):
            self.paths(walk)

    def test_depth(self):
        """Folders nested beyond reason are an error, or left out, but never the end of a thread."""
        place = self.root
        for _ in range(150):
            place = place / "d"
        place.mkdir(parents=True)
        with self.assertRaises(CallFailed):
            self.paths(FolderWalk(1000, ignore_errors=False))
        self.assertLess(len(self.paths(FolderWalk(1000, ignore_errors=True))), 150)

    def test_swapped_folder(self):
        """A folder that becomes a link while it is walked is not followed."""
        walk = FolderWalk(100, ignore_errors=True)
        device = os.fstat(self.folder).st_dev
        seen = []
        for path, _ in walk.below(self.folder, "/r", device):
            seen.append(path)
            if path == "/r/a":
                (self.root / "a").rename(self.root.parent / (self.root.name + "moved"))
                (self.root / "a").symlink_to(self.outside)
        self.assertNotIn("/r/a/big", seen)

    def test_closed(self):
        """A walk that is given up leaves nothing open."""
        before = len([*Path("/proc/self/fd").iterdir()])
        walk = FolderWalk(100, ignore_errors=False).below(
            self.folder, "/r", os.fstat(self.folder).st_dev
        )
        next(walk)
        walk.close()
        self.assertEqual(len([*Path("/proc/self/fd").iterdir()]), before)


class JoinedTests(SynchronousTestCase):
    def test_root(self):
        """Names below the root have one slash."""
        self.assertEqual(joined("/", "a"), "/a")
        self.assertEqual(joined("/a/", "b"), "/a/b")
        self.assertEqual(joined("/a", "b"), "/a/b")
