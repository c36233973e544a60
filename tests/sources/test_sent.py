"""Sources that clients send, which may be anything."""

import contextlib
import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.admin_api import FilePiece, SourcePart
from clace.errors import BadRequest, ClaceError, SourceError
from clace.interfaces import ISentSources
from clace.sources.limits import SourceLimits
from clace.sources.sent import SentSources
from tests.support.threads import at_once


class SentTests(SynchronousTestCase):
    def setUp(self):
        self.top = Path(tempfile.mkdtemp(dir=self.place()))
        self.clock = Clock()
        self.ids = iter(range(1000))
        self.sent = self.sources()

    def place(self):
        place = Path(self.mktemp())
        place.mkdir(parents=True)
        return place.resolve()

    def sources(self, in_thread=at_once, **limits):
        return SentSources(
            self.top / "sources",
            self.top / "arriving",
            in_thread,
            self.clock.seconds,
            lambda: f"id{next(self.ids)}",
            SourceLimits(**limits),
        )

    def take(self, *pieces, owner="me", sent=None, **part):
        part = SourcePart(pieces=tuple(FilePiece(**piece) for piece in pieces), **part)
        return (sent or self.sent).take(owner, part)

    def refused(self, *pieces, error=SourceError, **options):
        return str(self.failureResultOf(self.take(*pieces, **options), error).value)

    def contents(self, folder):
        files = (path for path in Path(folder).rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    def test_whole_in_one_part(self):
        """A source of one part is a folder with exactly its files."""
        verifyObject(ISentSources, self.sent)
        files = ({"name": "app.py", "data": b"x"}, {"name": "a/b/c.txt", "data": b"yz"})
        taken = self.successResultOf(self.take(*files, is_last=True))
        self.assertEqual((taken.files, taken.size), (2, 3))
        self.assertEqual(self.contents(taken.folder), {"app.py": b"x", "a/b/c.txt": b"yz"})

    def test_file_in_several_parts(self):
        """A large file comes piece by piece, and is nowhere to be used until all is there."""
        first = self.successResultOf(self.take({"name": "big", "data": b"ab", "more": True}))
        self.assertFalse((self.top / "sources").exists())
        more = {"source": first.id, "before": 2, "is_last": True}
        taken = self.successResultOf(self.take({"name": "big", "data": b"cd"}, **more))
        self.assertEqual(self.contents(taken.folder), {"big": b"abcd"})

    def test_parts_of_others(self):
        """Another user, and a name that was never given, add nothing."""
        first = self.successResultOf(self.take({"name": "a"}))
        for options in (
            {"owner": "other", "source": first.id},
            {"source": "nobody"},
            {"source": "../../etc"},
        ):
            self.assertIn("no source of this name", self.refused(error=BadRequest, **options))

    def test_lost_and_repeated_parts(self):
        """A part that does not follow the one before is refused, and may be sent rightly."""
        first = self.successResultOf(self.take({"name": "a", "data": b"12"}))
        refused = self.refused(error=BadRequest, source=first.id, before=0)
        self.assertIn("0 bytes were sent before, and 2 arrived", refused)
        self.successResultOf(self.take(source=first.id, before=2, is_last=True))

    def test_names_that_no_file_has(self):
        """Names that lead out of the folder, or are none, are refused; nothing is written."""
        for name in ("../x", "/etc/x", "a/../../x", "", "a//b", "./a", "a/", "x\0y", "a" * 300):
            self.assertIn("is no name of a file", self.refused({"name": name}))
        self.assertEqual(list(self.top.rglob("x")), [])

    def test_twice(self):
        """A file that is there twice, or in the place of a folder, is refused."""
        self.assertIn("is there twice", self.refused({"name": "a"}, {"name": "a"}))
        self.assertIn("is there twice", self.refused({"name": "a"}, {"name": "a/b"}))
        self.assertIn("is there twice", self.refused({"name": "a/b"}, {"name": "a"}))

    def test_not_whole(self):
        """A source whose last file goes on is none."""
        self.assertIn("a is not whole", self.refused({"name": "a", "more": True}, is_last=True))
        self.assertIn("a is not whole", self.refused({"name": "a", "more": True}, {"name": "b"}))

    def test_too_much(self):
        """Files, bytes and sizes are bounded, and what was written is removed."""
        for limits, part in (
            ({"files": 1}, "more than 1 files"),
            ({"file": 1}, "file a is over the limit of 1 bytes"),
            ({"total": 3}, "more than 3 bytes"),
        ):
            files = ({"name": "a", "data": b"12"}, {"name": "b", "data": b"34"})
            self.assertIn(part, self.refused(*files, sent=self.sources(**limits)))
        self.assertEqual(list((self.top / "arriving").iterdir()), [])

    def test_too_many_folders(self):
        """Folders are counted as files are, also those of one deep name; what was made goes."""
        sent = self.sources(files=3)
        refused = self.refused({"name": "a/b/x"}, {"name": "a/c/d/x"}, sent=sent)
        self.assertIn("more than 3 folders", refused)
        self.assertIn("more than 3 folders", self.refused({"name": "a/b/c/d/x"}, sent=sent))
        self.assertEqual(list((self.top / "arriving").iterdir()), [])
        files = ({"name": f"a/b/c/{name}"} for name in "xyz")
        self.successResultOf(self.take(*files, sent=sent, is_last=True))

    def test_many_at_once(self):
        """A client that never ends keeps out nobody for longer than an hour."""
        for owner in "me", "other":
            for _ in range(8):
                self.successResultOf(self.take({"name": "a"}, owner=owner))
        self.assertIn("too many", self.refused({"name": "a"}, owner="third", error=BadRequest))
        self.clock.advance(3601)
        self.successResultOf(self.take({"name": "a"}))
        self.assertEqual(len(list((self.top / "arriving").iterdir())), 1)

    def test_many_at_once_of_one(self):
        """One user cannot take all the places."""
        for _ in range(8):
            self.successResultOf(self.take({"name": "a"}))
        self.assertIn("too many", self.refused({"name": "a"}, error=BadRequest))
        self.successResultOf(self.take({"name": "a"}, owner="other"))

    def test_unfinished_is_removed_in_a_thread(self):
        """The files that a client left behind are not removed by the reactor's own thread."""
        held = []

        def in_thread(work):
            held.append(work)
            return succeed(None)

        sent = self.sources(in_thread)
        first = self.successResultOf(self.take({"name": "a"}, sent=sent))
        held.pop()()
        self.clock.advance(3601)
        self.successResultOf(self.take({"name": "b"}, sent=sent))
        left = self.top / "arriving" / first.id
        self.assertTrue(left.exists())
        held[0]()
        self.assertFalse(left.exists())

    def test_pruned(self):
        """Folders that no app uses go after an hour; those that are used stay."""
        folders = [
            self.successResultOf(self.take({"name": "a"}, is_last=True)).folder for _ in range(3)
        ]
        for folder in folders[:2]:
            os.utime(folder, (1, 1))
        self.successResultOf(self.sent.prune({folders[0]}))
        self.assertEqual([Path(each).exists() for each in folders], [True, False, True])

    def folders(self, count, owner="me"):
        takes = (self.take({"name": "a"}, is_last=True, owner=owner) for _ in range(count))
        return [self.successResultOf(take).folder for take in takes]

    def test_many_that_are_not_used(self):
        """Of one user's folders that no app uses the newest few stay, and all those of others."""
        others, mine = self.folders(8, "other"), self.folders(10)
        self.successResultOf(self.sent.prune(()))
        self.assertEqual([Path(each).exists() for each in mine], [False] * 2 + [True] * 8)
        self.assertTrue(all(Path(each).exists() for each in others))

    def test_used_for_a_while(self):
        """Folders of apps do not count, until the apps are deleted."""
        used = self.folders(10)
        self.successResultOf(self.sent.prune(set(used)))
        self.assertTrue(all(Path(each).exists() for each in used))
        self.successResultOf(self.sent.prune({used[0]}))
        left = [Path(each).exists() for each in used]
        self.assertEqual(left, [True, False, *[True] * 8])

    def test_slow_to_arrive(self):
        """The age of a folder counts from when it was whole, not from when it was begun."""
        first = self.successResultOf(self.take({"name": "a"}))
        os.utime(self.top / "arriving" / first.id, (1, 1))
        taken = self.successResultOf(self.take(source=first.id, is_last=True))
        self.successResultOf(self.sent.prune(()))
        self.assertTrue(Path(taken.folder).exists())

    @given(
        st.lists(
            st.tuples(
                st.text(alphabet="ab./\\\0~é", max_size=8), st.binary(max_size=4), st.booleans()
            ),
            max_size=6,
        ),
        st.booleans(),
    )
    def test_any_pieces(self, pieces, is_last):
        """Whatever is sent, only files below the server's own folders are made."""
        before = {path for path in self.top.parent.rglob("*") if self.top not in path.parents}
        sent = [{"name": name, "data": data, "more": more} for name, data, more in pieces]
        with contextlib.suppress(ClaceError, self.failureException):
            self.successResultOf(self.take(*sent, is_last=is_last))
        after = {path for path in self.top.parent.rglob("*") if self.top not in path.parents}
        self.assertEqual(after, before)
        self.sent = self.sources()
