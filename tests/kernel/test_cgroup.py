"""Groups made in a hierarchy of plain folders, which is what the kernel shows too."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.kernel.calls import Unavailable
from clace.kernel.cgroup import CgroupPlace, join, leave, places, remove_stale


class PlaceTests(SynchronousTestCase):
    def setUp(self):
        self.root = Path(self.mktemp())

    def file(self, name, text=""):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def test_version_1(self):
        """Each controller has a folder of its own, below the group that we are in."""
        for name in ("memory/a/x", "pids/x"):
            self.file(name)
        found = places(self.root, "9:name=systemd:/\n8:pids:/\n4:cpu,memory:/a\n0::/\n")
        self.assertEqual(
            found,
            (
                CgroupPlace(self.root / "memory" / "a", ("memory.limit_in_bytes",)),
                CgroupPlace(self.root / "pids", ("pids.max",)),
            ),
        )

    def test_no_hierarchy(self):
        """Without a controller there is no group, and the reason names it."""
        error = self.assertRaises(Unavailable, places, self.root, "8:pids:/\n")
        self.assertIn("memory", str(error))

    def test_version_2(self):
        """Our own group if it passes the controllers on; it is told to if it may."""
        self.file("cgroup.controllers", "memory pids")
        self.file("a/b/cgroup.subtree_control", "cpu")
        (place,) = places(self.root, "0::/a/b\n")
        self.assertEqual(place, CgroupPlace(self.root / "a" / "b", ("memory.max", "pids.max")))
        told = (self.root / "a" / "b" / "cgroup.subtree_control").read_text()
        self.assertEqual(told, "+memory +pids")

    def test_version_2_parent(self):
        """Else the parent, which systemd hands over with the group."""
        self.file("cgroup.controllers", "memory pids")
        self.file("a/cgroup.subtree_control", "memory pids")
        (place,) = places(self.root, "0::/a/server\n")
        self.assertEqual(place.folder, self.root / "a")

    def test_version_2_not_delegated(self):
        """A group that nobody handed over is told what is missing."""
        self.file("cgroup.controllers", "memory pids")
        error = self.assertRaises(Unavailable, places, self.root, "0::/a/server\n")
        self.assertIn("Delegate=yes", str(error))


class GroupTests(SynchronousTestCase):
    def test_join(self):
        """The limits hold before anybody is in the group."""
        folder = Path(self.mktemp())
        folder.mkdir()
        join((CgroupPlace(folder, ("memory.max", "pids.max")),), "7", 1000, 20)
        written = {file.name: file.read_text() for file in (folder / "clace-7").iterdir()}
        self.assertEqual(written, {"memory.max": "1000", "pids.max": "20", "cgroup.procs": "0"})

    def test_time(self):
        """Groups of programs bound time, weigh less than the server, and swap nothing where they
        can say so.
        """
        root = Path(self.mktemp())
        for name in ("cgroup.controllers", "a/cgroup.subtree_control"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("cpu memory pids")
        (place,) = places(root, "0::/a/server\n", cpu=True)
        (place.folder / "clace-app-1").mkdir()
        (place.folder / "clace-app-1" / "memory.swap.max").write_text("max")
        for name in ("app-1", "app-2"):
            join((place,), name, 1000, 20, 1.5)
        for name, swap in (("app-1", {"memory.swap.max": "0"}), ("app-2", {})):
            group = place.folder / f"clace-{name}"
            self.assertEqual(
                {file.name: file.read_text() for file in group.iterdir()},
                {
                    "memory.max": "1000",
                    "pids.max": "20",
                    "cpu.max": "150000 100000",
                    "cpu.weight": "25",
                    "cgroup.procs": "0",
                    **swap,
                },
            )

    def test_leave(self):
        """A group is removed unless somebody is in it, or it is gone already."""
        folder = Path(self.mktemp())
        (folder / "clace-1").mkdir(parents=True)
        (folder / "clace-2" / "busy").mkdir(parents=True)
        for name in ("1", "2", "3"):
            leave(CgroupPlace(folder, ()), name)
        self.assertEqual([each.name for each in folder.iterdir()], ["clace-2"])

    def test_remove_stale(self):
        """Groups left behind are removed; others are not touched."""
        folder = Path(self.mktemp())
        for name in ("clace-1", "clace-2/busy", "other"):
            (folder / name).mkdir(parents=True)
        remove_stale(CgroupPlace(folder, ()))
        self.assertEqual(sorted(each.name for each in folder.iterdir()), ["clace-2", "other"])
