"""Files that a program finds behind its wall."""

import contextlib
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.kernel.landlock import FileGrant
from clace.processes.walled.files import _texts, grants, room
from clace.processes.walled.frames import Sight, WallLimits, WallOrder


class FileTests(SynchronousTestCase):
    def order(self, **fields):
        bounds = WallLimits(
            memory_mb=1, cpus=0, processes=1, descriptors=9, file_mb=0, scratch_mb=1
        )
        fields = {"name": "sales", "command": ("x",), "environment": {}, **fields}
        return WallOrder(bounds=bounds, user=7, **fields)

    def test_hosts(self):
        """Names of approved hosts have their addresses, and localhost one of version 4 alone."""
        texts = dict(_texts(self.order(names={"db": "127.0.0.2"})))
        self.assertEqual(
            texts["hosts"],
            "127.0.0.1 localhost\n127.0.0.1 sales\n127.0.0.2 db\n::1 ip6-localhost\n",
        )
        self.assertEqual(texts["resolv.conf"], "")
        self.assertIn("hosts: files\n", texts["nsswitch.conf"])

    def test_network_of_the_machine(self):
        """With the machine's network its own files say how names are found."""
        texts = dict(_texts(self.order(has_network=True)))
        self.assertEqual(set(texts), {"passwd", "group"})

    def test_users(self):
        """Nobody but root and the app has a name, and only the app a shell."""
        texts = dict(_texts(self.order()))
        self.assertEqual(
            texts["passwd"], "root:x:0:0:root:/:/bin/false\napp:x:7:7:app:/home/app:/bin/sh\n"
        )

    def test_grants(self):
        """What can be written cannot be executed, unless the mount says so."""
        mounts = (
            Sight(source="/x", target="/usr"),
            Sight(source="/x", target="/proc", is_writable=True, may_execute=False),
        )
        found = {grant.path: grant for grant in grants(self.order(mounts=mounts))}
        self.assertEqual(found["/"], FileGrant(path="/"))
        self.assertEqual(found["/tmp"], FileGrant(path="/tmp", may_write=True))
        self.assertEqual(found["/proc"], FileGrant(path="/proc", may_write=True))
        self.assertTrue(found["/usr"].may_execute)
        self.assertFalse(found["/usr"].may_write)
        self.assertFalse(found["/dev/null"].may_execute)


class RoomTests(SynchronousTestCase):
    def setUp(self):
        self.top = Path(self.mktemp()).absolute()
        for name in ("root", "machine"):
            (self.top / name).mkdir(parents=True)
        stack = contextlib.ExitStack()
        stack.enter_context(contextlib.chdir(self.top / "root"))
        self.addCleanup(stack.close)

    def made(self, target, *, is_folder):
        with room(target, is_folder=is_folder) as place:
            return Path(place).resolve()

    def test_made(self):
        """What is mounted on is made with the folders above it, or is there already."""
        for is_folder, target in ((True, "/a/b"), (False, "/a/file"), (False, "/file")):
            for _ in range(2):
                made = self.made(target, is_folder=is_folder)
                self.assertEqual(made, self.top / "root" / target[1:])
                self.assertEqual((made.is_dir(), made.is_file()), (is_folder, not is_folder))
        self.assertEqual(Path.cwd(), self.top / "root")

    def test_links(self):
        """Nothing is made where links lead, and nothing can be mounted there."""
        Path("data").mkdir()
        for name, led in (("out", "../../machine"), ("far", self.top / "machine"), ("in", "..")):
            Path("data", name).symlink_to(led)
            for target in (f"/data/{name}", f"/data/{name}/deep"):
                for is_folder in (True, False):
                    with self.assertRaises(OSError) as caught:
                        self.made(target, is_folder=is_folder)
                    self.assertIn(f"{target} leads to another place", str(caught.exception))
        self.assertEqual(list((self.top / "machine").iterdir()), [])
        self.assertEqual([each.name for each in Path().iterdir()], ["data"])
