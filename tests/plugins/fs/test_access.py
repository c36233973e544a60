"""Which files may be looked at."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.model.app import Permission
from clace.plugins.builtin.fs.access import FolderAccess
from clace.plugins.kit.definition import CallFailed

PARTS = st.lists(st.sampled_from(["a", "b", "ab", ".", ".."]), min_size=1, max_size=5)


def grants(*arguments):
    return [Permission("fs.in", "list", tuple(one)) for one in arguments]


class AllowsTests(SynchronousTestCase):
    def allows(self, expected, given, real=None):
        return FolderAccess.of((), grants((expected,))).allows(given, real or given)

    def test_roots(self):
        """What is in a folder open to all may be looked at, its neighbours not."""
        access = FolderAccess(("/tmp",))
        for path, allowed in (
            ("/tmp", True),
            ("/tmp/a/b", True),
            ("/tmpx", False),
            ("/", False),
            ("/var", False),
        ):
            self.assertEqual(access.allows(path, path), allowed, path)
        self.assertTrue(FolderAccess(("/",)).allows("/etc", "/etc"))

    @given(PARTS)
    def test_only_inside(self, parts):
        """Whatever a path is made of, only what it comes to counts."""
        path = "/root/a/" + "/".join(parts)
        real = os.path.normpath(path)
        inside = real == "/root/a" or real.startswith("/root/a/")
        self.assertEqual(FolderAccess(("/root/a",)).allows(path, real), inside)

    def test_literal(self):
        """A permission that names a path is good for it, wherever it leads."""
        self.assertTrue(self.allows("/var", "/var"))
        self.assertTrue(self.allows("/var/run", "/var/run", "/run"))
        self.assertFalse(self.allows("/var", "/var/log"))

    def test_pattern(self):
        """A permission with a pattern for paths is good where the real path matches too."""
        self.assertTrue(self.allows("regex:/srv(/.*)?", "/srv/a"))
        self.assertFalse(self.allows("regex:/srv(/.*)?", "/srv/../etc", "/etc"))
        self.assertFalse(self.allows("regex:/srv/.*", "/srv/link", "/etc/shadow"))
        self.assertTrue(self.allows("regex:^(/srv|/var)/.*", "/var/log"))

    def test_narrowed(self):
        """Folders open to all do not widen a permission that names files; another one may."""
        narrow, wide = ("regex:/tmp/a(/.*)?",), ("regex:.*",)
        for held, allowed in ((grants(narrow), False), (grants(narrow, wide), True)):
            access = FolderAccess.of(("/tmp",), held)
            self.assertTrue(access.allows("/tmp/a/b", "/tmp/a/b"))
            self.assertEqual(access.allows("/tmp/a/../b", "/tmp/b"), allowed)
        self.assertTrue(FolderAccess.of(("/tmp",), grants(())).allows("/tmp/b", "/tmp/b"))

    def test_closed(self):
        """A closed folder is not open with one around it: only by name, or by a root in there. What
        is beside it is as before.
        """
        closed = ("/tmp/home",)
        around = FolderAccess.of(("/tmp", "/tmp/home", "/tmp/home/shared"), grants(()), closed)
        for path, allowed in (
            ("/tmp/home", False),
            ("/tmp/home/metadata.db", False),
            ("/tmp/homely", True),
            ("/tmp/a", True),
            ("/tmp/home/shared/a", True),
        ):
            self.assertEqual(around.allows(path, path), allowed, path)
        self.assertFalse(around.allows("/tmp/link", "/tmp/home/metadata.db"))

    def test_closed_to_patterns(self):
        """A pattern opens of a closed folder only what it spells out the folder of, in there."""
        for pattern, logs, database in (
            ("/tmp/home/logs", True, False),
            ("regex:/tmp/home/.ogs", False, False),
            ("regex:/tmp/home/logs(/.*)?", True, False),
            ("regex:^/tmp/home/logs(?:/.*)?$", True, False),
            ("regex:/tmp/.*", False, False),
            ("regex:/tmp/home(/.*)?", False, False),
            ("regex:/tmp/home/.*", False, False),
            ("regex:/tmp/home/logs?(/.*)?", False, False),
            ("regex:/tmp/home/.ogs", False, False),
            ("regex:/tmp/home/logs(/.*)?|/tmp/.*", True, False),
            ("regex:(/tmp/home/logs)(/.*)?", False, False),
            ("regex:/tmp/home/logs/?.*", True, False),
        ):
            access = FolderAccess.of((), grants((pattern,)), ("/tmp/home",))
            self.assertEqual(access.allows("/tmp/home/logs", "/tmp/home/logs"), logs, pattern)
            path = "/tmp/home/metadata.db"
            self.assertEqual(access.allows(path, path), database, pattern)
        access = FolderAccess.of((), grants(("regex:/tmp/.*",)), ("/tmp/home",))
        self.assertTrue(access.allows("/tmp/a", "/tmp/a"))

    def test_not_explicit(self):
        """A pattern that names no path opens nothing beyond the folders open to all."""
        for expected in ("regex:.*", "regex:.*/srv", "srv", "regex:[/]srv"):
            self.assertFalse(self.allows(expected, "/srv"))
        self.assertFalse(FolderAccess.of((), grants(())).allows("/srv", "/srv"))


class OpenedTests(SynchronousTestCase):
    def setUp(self):
        self.root = Path(self.mktemp()).absolute()
        (self.root / "in").mkdir(parents=True)
        (self.root / "out").mkdir()
        (self.root / "out" / "secret").write_text("secret")
        (self.root / "in" / "file").write_text("hello")
        self.access = FolderAccess((str(self.root / "in"),))

    def read(self, path):
        with self.access.opened(str(path), 0) as descriptor:
            return os.read(descriptor, 100)

    def refusal(self, path):
        with self.assertRaises(CallFailed) as caught:
            self.read(path)
        return caught.exception.message

    def test_inside(self):
        """A file inside is opened, also by a roundabout name."""
        self.assertEqual(self.read(self.root / "in" / "file"), b"hello")
        self.assertEqual(self.read(self.root / "out" / ".." / "in" / "file"), b"hello")

    def test_links(self):
        """A link is judged by where it leads, wherever in the path it is."""
        (self.root / "in" / "link").symlink_to(self.root / "out" / "secret")
        (self.root / "in" / "folder").symlink_to(self.root / "out")
        (self.root / "out" / "back").symlink_to(self.root / "in")
        for path in ("in/link", "in/folder/secret", "in/../out/secret"):
            given = f"{self.root}/{path}"
            self.assertEqual(self.refusal(given), f"file access denied for {given}")
        self.assertEqual(self.read(self.root / "out" / "back" / "file"), b"hello")

    def test_missing(self):
        """What is not there is told only where one may look."""
        inside, outside = f"{self.root}/in/none", f"{self.root}/out/none"
        self.assertEqual(self.refusal(inside), f"open {inside}: no such file or directory")
        self.assertEqual(self.refusal(outside), f"file access denied for {outside}")

    def test_strange_names(self):
        """A name with a NUL is refused like any other."""
        self.assertIn("denied", self.refusal("/etc/\0"))
        self.assertIn("denied", self.refusal(""))

    def test_waits_for_nobody(self):
        """A pipe without a writer does not stop the thread that opens it."""
        os.mkfifo(self.root / "in" / "pipe")
        self.assertEqual(self.read(self.root / "in" / "pipe"), b"")

    def test_closed(self):
        """Nothing stays open, refused or not."""
        before = len([*Path("/proc/self/fd").iterdir()])
        self.read(self.root / "in" / "file")
        self.refusal(self.root / "out" / "secret")
        self.assertEqual(len([*Path("/proc/self/fd").iterdir()]), before)
