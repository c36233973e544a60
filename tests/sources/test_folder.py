import os
import socket
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SourceError
from clace.locations import is_not_the_apps
from clace.sources.folder import FolderSource
from clace.sources.folders import content_of
from clace.sources.limits import SourceLimits
from clace.sources.tree import SourceTree
from tests.support.threads import at_once


class FolderTests(SynchronousTestCase):
    """A folder with something in it that a source may or may not have."""

    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.put("app.star", b"app")
        self.outside = Path(self.mktemp()).absolute()
        self.outside.mkdir()
        (self.outside / "secret").write_bytes(b"secret")

    def put(self, name, content=b""):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def source(self, **limits):
        return FolderSource(at_once, self.folder, self.folder, SourceLimits(**limits))

    def fetched(self, **limits):
        return self.source(**limits).fetch(str(self.folder))

    def names(self):
        return set(self.successResultOf(self.fetched()).files.refs)

    def refused(self, **limits):
        return self.failureResultOf(self.fetched(**limits), SourceError).value.message


class CopyTests(FolderTests):
    """Copying a folder into a tree."""

    def test_takes_all_files(self):
        """Hidden files and those in folders belong to it."""
        self.put(".hidden")
        self.put("a/b/c.txt")
        (self.folder / "empty").mkdir()
        self.assertEqual(self.names(), {"app.star", ".hidden", "a/b/c.txt"})

    def test_skips_what_is_not_the_apps(self):
        """Version control, caches and editors' files are left out wherever they are."""
        for name in (".git/config", "a/__pycache__/x", ".venv/x", "node_modules/x/y", ".a.swp"):
            self.put(name)
        (self.folder / ".#lock").symlink_to("nobody@nowhere")
        self.assertEqual(self.names(), {"app.star"})

    def test_refuses_links(self):
        """A link is refused by its name, to a file or folder, inside or outside."""
        link = self.folder / "link"
        for target in (self.outside / "secret", self.outside, "app.star", "."):
            link.symlink_to(target)
            self.assertIn("link is a symbolic link", self.refused())
            link.unlink()

    def test_leaves_out_links_to_nothing(self):
        """A link whose target is missing, and one to itself, is left out with a warning."""
        self.put("deep/x")
        for name, target in {
            "link": "nowhere",
            "deep/link": "/no/such/place",
            "loop": "loop",
            "under": "app.star/x",
        }.items():
            (self.folder / name).symlink_to(target)
        fetched = self.successResultOf(self.fetched())
        self.assertEqual(set(fetched.files.refs), {"app.star", "deep/x"})
        self.assertEqual(
            set(fetched.warnings),
            {
                f"{name} is a symbolic link to nothing, it was left out"
                for name in ("link", "deep/link", "loop", "under")
            },
        )

    def test_the_folder_itself_may_be_a_link(self):
        """An operator may name a folder by a link to it."""
        link = self.outside / "current"
        link.symlink_to(self.folder)
        fetched = self.successResultOf(self.source().fetch(str(link)))
        self.assertEqual(set(fetched.files.refs), {"app.star"})

    def test_refuses_special_files(self):
        """Pipes and sockets are refused, and not waited for."""
        os.mkfifo(self.folder / "pipe")
        self.assertIn("pipe is neither a file nor a folder", self.refused())
        (self.folder / "pipe").unlink()
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.folder)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
            self.assertIn("socket is neither", self.refused())

    def test_refuses_names_that_are_not_utf_8(self):
        """A name in another encoding is refused, and shown."""
        Path(os.fsdecode(os.fsencode(self.folder) + b"/caf\xe9")).touch()
        self.assertIn(r"caf\xe9 is not UTF-8", self.refused())

    def test_refuses_what_is_too_much(self):
        """Files, bytes and folders in each other have limits."""
        self.put("a/b/c", b"1234")
        for limits, part in [
            ({"files": 1}, "more than 1 files"),
            ({"file": 3}, "file a/b/c is over the limit of 3 bytes"),
            ({"total": 6}, "more than 6 bytes"),
            ({"depth": 1}, "more than 1 folders in each other"),
        ]:
            self.assertIn(part, self.refused(**limits))

    def test_refuses_what_is_no_folder(self):
        """A device or the like, and a path that is not there, are refused."""
        os.mkfifo(self.folder / "pipe")
        for name, message in {
            "pipe": "path is not a folder",
            "nowhere": "path does not exist",
            "a\0b": "path does not exist",
        }.items():
            failure = self.failureResultOf(
                self.source().fetch(f"{self.folder}/{name}"), SourceError
            )
            self.assertEqual(failure.value.message, f"{message} {self.folder}/{name}")

    def test_a_file_is_a_source_by_itself(self):
        """Its neighbours do not belong to it, at a fetch and as a live source."""
        self.put("sales.py", b"import flask")
        path = str(self.folder / "sales.py")
        fetched = self.successResultOf(self.source().fetch(path))
        live = self.source().live(path)
        for files in (fetched.files, live):
            self.assertEqual(set(files.refs), {"sales.py"})
            self.assertEqual(self.successResultOf(files.read("sales.py")), b"import flask")
            self.failureResultOf(files.read("app.star"), SourceError)
        self.put("sales.py", b"import dash")
        self.assertEqual(self.successResultOf(live.read("sales.py")), b"import dash")

    def test_refuses_a_link_as_a_source(self):
        """A file is not reached through a link, as within a folder."""
        (self.folder / "link.py").symlink_to(self.folder / "app.star")
        refused = self.failureResultOf(
            self.source().fetch(str(self.folder / "link.py")), SourceError
        )
        self.assertIn("link.py is a symbolic link", refused.value.message)

    def test_an_empty_folder_is_a_source(self):
        """Whether it is an app is not asked here."""
        (self.folder / "app.star").unlink()
        self.assertEqual(self.names(), set())

    def test_holds_only_so_much(self):
        """What is over the limit is read again, and refused if it is not what it was."""
        self.put("b", b"2" * 10)
        self.put("c", b"3" * 10)
        files = self.successResultOf(self.fetched(held=15)).files
        self.assertEqual(set(files.refs), {"app.star", "b", "c"})
        for name, content in (("b", b"2" * 10), ("c", b"3" * 10)):
            self.assertEqual(self.successResultOf(files.read(name)), content)
        self.put("b", b"x")
        self.put("c", b"x")
        self.assertEqual(self.successResultOf(files.read("b")), b"2" * 10)
        message = self.failureResultOf(files.read("c"), SourceError).value.message
        self.assertEqual(message, "file c changed while the folder was copied, try again")
        message = self.failureResultOf(files.read("d"), SourceError).value.message
        self.assertEqual(message, "file d does not exist")


class ContentTests(SynchronousTestCase):
    """Files of which the size that they say is not that of their content."""

    def test_what_says_to_be_empty_is_read_whole(self):
        """A file that says it has no bytes, as those of the kernel do, is read to its end."""
        whole = Path("/proc/version").read_bytes()
        self.assertEqual(content_of("/proc", "version", SourceLimits()), whole)
        limits = SourceLimits(file=len(whole))
        self.assertEqual(content_of("/proc", "version", limits), whole)

    def test_what_says_to_be_empty_has_the_limit_of_others(self):
        """Such a file is refused if it has more bytes than a file may have."""
        limits = SourceLimits(file=len(Path("/proc/version").read_bytes()) - 1)
        refused = self.assertRaises(SourceError, content_of, "/proc", "version", limits)
        self.assertIn("over the limit", refused.message)


class OnDiskTests(FolderTests):
    """A site whose files stay in the folder."""

    def setUp(self):
        super().setUp()
        self.put("a/index.html", b"one")
        self.site = self.source(file=100).on_disk(str(self.folder), SourceTree({"app.star": b"x"}))

    def test_a_file_is_hashed_once_for_each_change(self):
        """A file that did not change is not read again."""
        first = self.site.refs["a/index.html"]
        self.assertIs(self.site.refs["a/index.html"], first)
        self.put("a/index.html", b"two")
        os.utime(self.folder / "a/index.html", ns=(1, 1))
        self.assertNotEqual(self.site.refs["a/index.html"].sha256, first.sha256)
        (self.folder / "a/index.html").unlink()
        self.assertNotIn("a/index.html", self.site.refs)

    def test_does_not_leave_the_folder(self):
        """No name leads out, and nothing is served that a source may not have."""
        (self.folder / "file").symlink_to(self.outside / "secret")
        (self.folder / "dir").symlink_to(self.outside)
        self.put(".git/config")
        self.put("large", b"x" * 101)
        os.mkfifo(self.folder / "pipe")
        up = f"../{self.outside.name}/secret"
        names = ("file", "dir/secret", up, f"a/../{up}", str(self.outside / "secret"), "a", "")
        for name in (*names, ".git/config", "large", "pipe", "a\0b"):
            self.assertNotIn(name, self.site.refs)
            self.failureResultOf(self.site.read(name), SourceError)


class LiveTests(FolderTests):
    """A folder as it is."""

    def setUp(self):
        super().setUp()
        self.live = self.source(file=100).live(str(self.folder))

    def refused_read(self, name):
        self.assertNotIn(name, self.live.refs)
        return self.failureResultOf(self.live.read(name), SourceError).value.message

    def test_reads_and_lists(self):
        """Files are listed, read and hashed as they are."""
        self.put("a/b", b"1")
        self.assertEqual(set(self.live.refs), {"app.star", "a/b"})
        self.assertEqual(len(self.live.refs), 2)
        self.assertEqual(self.successResultOf(self.live.read("a/b")), b"1")
        self.assertEqual(self.live.refs["a/b"].size, 1)

    def test_a_file_is_hashed_once_for_each_change(self):
        """A file that did not change is not read again."""
        self.put("a", b"one")
        first = self.live.refs["a"]
        self.assertIs(self.live.refs["a"], first)
        self.put("a", b"two")
        os.utime(self.folder / "a", ns=(1, 1))
        self.assertNotEqual(self.live.refs["a"].sha256, first.sha256)

    def test_knows_what_it_hashed_from_look_to_look(self):
        """Whoever asks for the same folder gets the hashes that are known."""
        source = self.source()
        path = str(self.folder)
        live = source.live(path)
        first = live.refs["app.star"]
        self.assertIs(source.live(path).refs["app.star"], first)

    def test_a_listing_does_not_change(self):
        """What was listed can be held against what is listed later."""
        before = self.live.refs
        self.put("new")
        self.assertNotEqual(before, self.live.refs)
        self.assertEqual(set(before), {"app.star"})

    def test_does_not_leave_the_folder(self):
        """No name leads out: not by dots, not by a link, not from the root."""
        (self.folder / "file").symlink_to(self.outside / "secret")
        (self.folder / "dir").symlink_to(self.outside)
        up = f"../{self.outside.name}/secret"
        for name in ("file", "dir/secret", up, f"a/../{up}", str(self.outside / "secret")):
            self.refused_read(name)
        self.assertEqual(set(self.live.refs), {"app.star"})

    def test_refuses_what_is_not_the_apps(self):
        """What a copy skips or refuses cannot be read either."""
        self.put(".git/config")
        self.put("large", b"x" * 101)
        os.mkfifo(self.folder / "pipe")
        for name in (".git/config", "large", "pipe"):
            self.refused_read(name)

    def test_refuses_names_of_no_file(self):
        """Folders, and texts that are no names, are refused."""
        self.put("a/b")
        for name in ("", ".", "a", "a/", "/", "a//b", "/a/b", "a/b/", "./a/b", "app.star/x", "a\0"):
            self.refused_read(name)

    @given(st.lists(st.sampled_from(["", ".", "..", "app.star", "a", "\0", "\ud800"]), max_size=4))
    def test_any_name_is_a_file_or_refused(self, parts):
        """Whatever name is asked for, only the files are given."""
        name = "/".join(parts)
        self.assertEqual(name in self.live.refs, name == "app.star")

    @given(st.text(min_size=1, max_size=20))
    def test_lists_any_name_it_can(self, name):
        """A name that the file system takes is listed, read, and copied alike."""
        if "/" in name or "\0" in name or name in {".", ".."} or is_not_the_apps(name):
            return
        try:
            path = self.put(name, b"x")
        except (OSError, UnicodeError):
            return
        self.assertEqual(self.successResultOf(self.live.read(name)), b"x")
        self.assertIn(name, set(self.live.refs))
        self.assertEqual(self.names(), set(self.live.refs))
        path.unlink()
        self.put("app.star", b"app")
