"""The data of programs on the disk."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.interfaces import IAppData
from clace.workloads.app_data import ProgramData
from tests.support.threads import at_once

NOBODY = 65534


@contextmanager
def as_nobody(top):
    """Be a user whose all below ``top`` is, and whom modes stop; root they do not."""
    if os.geteuid():
        yield
        return
    for place in (top, *top.rglob("*")):
        os.chown(place, NOBODY, NOBODY, follow_symlinks=False)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


class ProgramDataTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.running = set()
        self.data = ProgramData(self.folder, self.running.__contains__, at_once)

    def written(self, app_id):
        place = self.folder / app_id / "data" / "deep"
        place.mkdir(parents=True)
        (place / "a").write_text("12345")
        (place / "b").symlink_to("/etc/passwd")
        return self.folder / app_id

    def test_removes_all(self):
        """What an app had goes and is counted, links as links; other apps keep theirs."""
        verifyObject(IAppData, self.data)
        mine, other = self.written("app_prd_1"), self.written("app_prd_2")
        size = 5 + len("/etc/passwd")
        self.assertEqual(self.successResultOf(self.data.size("app_prd_1")), size)
        self.assertEqual(self.successResultOf(self.data.remove("app_prd_1")), size)
        self.assertEqual((mine.exists(), other.exists()), (False, True))
        self.assertTrue(Path("/etc/passwd").exists())

    def test_deep(self):
        """However deep folders are, and also if they are only read, they go, and others stay."""
        mine, other = self.written("app_prd_1"), self.written("app_prd_2")
        deepest = os.open(mine, os.O_RDONLY)
        for _ in range(3000):
            os.mkdir("d", dir_fd=deepest)
            inner = os.open("d", os.O_RDONLY, dir_fd=deepest)
            os.close(deepest)
            deepest = inner
        os.close(deepest)
        (mine / "data" / "deep").chmod(0o500)
        size = 5 + len("/etc/passwd")
        self.assertEqual(self.successResultOf(self.data.size("app_prd_1")), size)
        self.assertEqual(self.successResultOf(self.data.remove("app_prd_1")), size)
        self.assertEqual((mine.exists(), other.exists()), (False, True))

    def test_closed_folders(self):
        """Folders that a program has closed to everybody go too; those that links lead to are as
        they were.
        """
        top = Path(mkdtemp(dir="/tmp"))
        self.addCleanup(shutil.rmtree, top)
        self.data = ProgramData(top / "apps", self.running.__contains__, at_once)
        outside, deep = top / "outside", top / "apps" / "app_prd_1" / "data" / "deep"
        outside.mkdir()
        (deep / "inner").mkdir(parents=True)
        (deep / "file").touch()
        (deep.parent / "link").symlink_to(outside)
        for place, mode in ((outside, 0o500), (deep / "inner", 0), (deep, 0), (deep.parent, 0o500)):
            place.chmod(mode)
        with as_nobody(top):
            self.successResultOf(self.data.remove("app_prd_1"))
        self.assertEqual(list((top / "apps").iterdir()), [])
        self.assertEqual(outside.stat().st_mode & 0o777, 0o500)

    def test_left_by_a_link(self):
        """A link to a folder goes, and what it leads to stays."""
        mine, outside = self.written("app_prd_1"), self.written("app_prd_2")
        (mine / "data" / "link").symlink_to(outside.absolute())
        self.successResultOf(self.data.remove("app_prd_1"))
        self.assertEqual((mine.exists(), (outside / "data" / "deep" / "a").exists()), (False, True))

    def test_had_none(self):
        """An app without data has none to remove."""
        self.assertEqual(self.successResultOf(self.data.size("app_prd_1")), 0)
        self.assertEqual(self.successResultOf(self.data.remove("app_prd_1")), 0)

    def test_runs(self):
        """While a program runs, its data stay."""
        mine = self.written("app_prd_1")
        self.running.add("app_prd_1")
        self.assertIsNone(self.successResultOf(self.data.remove("app_prd_1")))
        self.assertTrue(mine.exists())

    def test_elsewhere(self):
        """What is no name is not followed to another place."""
        outside = self.folder.parent / "outside"
        outside.mkdir(parents=True, exist_ok=True)
        for app_id in ("../outside", "", ".", "..", str(outside.absolute()), "a/b"):
            self.failureResultOf(self.data.remove(app_id), ValueError)
        self.assertTrue(outside.exists())
