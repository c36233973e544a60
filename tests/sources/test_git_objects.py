import contextlib
import os
import posixpath

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SourceError
from clace.sources.git_objects import blobs, checked, contents, dangling, message
from clace.sources.limits import SourceLimits

ID = b"a" * 40


def entry(name, mode=b"100644", kind=b"blob", size=b"3"):
    return mode + b" " + kind + b" " + ID + b"       " + size + b"\t" + name + b"\0"


class BlobsTests(SynchronousTestCase):
    """Which files of a commit are an app's."""

    def names(self, *entries, **limits):
        found = checked(blobs(b"".join(entries)), SourceLimits(**limits))
        return [blob.name for blob in found]

    def test_takes_files(self):
        """Plain and executable files, with any name in UTF-8."""
        found = self.names(entry(b"a b"), entry(b"d/\xc3\xa9\n\t"), entry(b"x", mode=b"100755"))
        self.assertEqual(found, ["a b", "d/\u00e9\n\t", "x"])

    def test_skips_what_is_not_the_apps(self):
        """What a copy of a folder skips is left out and not counted."""
        found = self.names(
            entry(b"a"),
            entry(b"node_modules/x/y", size=b"99"),
            entry(b".venv/sub", mode=b"160000", kind=b"commit", size=b"-"),
            files=1,
            total=3,
        )
        self.assertEqual(found, ["a"])

    def test_refuses_what_a_source_may_not_have(self):
        """Names in other encodings or that lead elsewhere, and too much."""
        for entries, limits, part in [
            ([entry(b"caf\xe9")], {}, "not UTF-8"),
            ([entry(b"a/../../b")], {}, "a name that it may not have"),
            ([entry(b"/etc")], {}, "a name that it may not have"),
            ([entry(b"a"), entry(b"b")], {"files": 1}, "more than 1 files"),
            ([entry(b"a", size=b"9999")], {"file": 9998}, "file a is over the limit"),
            ([b"junk\0"], {}, "not known"),
            (
                [entry(b"d/sub", mode=b"160000", kind=b"commit", size=b"-")],
                {},
                "d/sub is a submodule",
            ),
        ]:
            error = self.assertRaises(SourceError, self.names, *entries, **limits)
            self.assertIn(part, error.message)

    @given(
        st.lists(st.sampled_from(["..", ".", "a", "b", "c", ""]), max_size=5).map("/".join),
        st.binary(max_size=20),
    )
    def test_leaves_out_only_links_to_nothing(self, path, tail):
        """A target is left out only if it is below the source and no file or folder is there."""
        files = ("a", "b/c", "b/d/a")
        for target in (path.encode(), tail):
            with contextlib.suppress(SourceError):
                self.assertEqual(dangling({"b/l": target}, files), ("b/l",))
                led = posixpath.normpath(posixpath.join("b", os.fsdecode(target)))
                self.assertNotIn(led, {".", "..", "a", "b", "b/c", "b/d", "b/d/a"})
                self.assertFalse(led.startswith(("/", "../")))

    @given(st.lists(st.binary(max_size=30).map(entry) | st.binary(max_size=40)))
    def test_refuses_as_such(self, entries):
        """Any output is files or a refusal."""
        with contextlib.suppress(SourceError):
            for name in self.names(*entries):
                self.assertFalse(set(name.split("/")) & {"", ".", "..", ".git"})


class ContentsTests(SynchronousTestCase):
    """What git prints of its objects."""

    def test_cuts_objects(self):
        """Each object is its bytes, whatever they are."""
        bodies = [b"", b"a\n", b"\0" + ID + b" blob 3\nxyz\n"]
        printed = b"".join(ID + b" blob %d\n%s\n" % (len(body), body) for body in bodies)
        self.assertEqual(list(contents(printed)), bodies)

    def test_refuses_what_is_missing(self):
        """An object that git does not have is a refusal."""
        self.assertRaises(SourceError, lambda: list(contents(ID + b" missing\n")))

    def test_reads_the_message(self):
        """The message of a commit is all below its head, signed or not, in any encoding."""
        commit = b"tree x\ngpgsig -----BEGIN\n \n xx\n\nSubj\xe9ct\n\nbody\n"
        self.assertEqual(message(commit), "Subj\ufffdct\n\nbody")
        self.assertEqual(message(b"tree x"), "")
