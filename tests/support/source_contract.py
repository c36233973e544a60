"""What every ``ISources`` promises.

``make_sources()`` gives one. ``put_folder(name, contents)`` and
``put_commit(name, contents, branch, message)`` put something where it finds it, and give its
source; the second also the commit. ``put_tag(name, tag, commit)`` gives a commit a name.
"""

from zope.interface.verify import verifyObject

from clace.errors import SourceError
from clace.interfaces import IFiles, ISources, SourceRevision
from clace.sources.tree import SourceTree

FILES = {"app.star": b"app = 1\n", "static/deep/a.bin": b"\0\xff", "empty": b"", "\u00e9.txt": b"x"}
REFUSED = ("", "--upload-pack=x", "-x/y.z/w", "https://h.example/o/-r", "/a#b", "a\0b", "a\nb")


async def contents_of(files):
    return {name: await files.read(name) for name in files.refs}


class SourcesContract:
    """Mix into a ``TestCase``."""

    def setUp(self):
        self.sources = self.make_sources()

    async def refused(self, awaitable):
        try:
            await awaitable
        except SourceError as error:
            return error.message
        raise AssertionError("it was not refused")

    async def fetched(self, source, **wanted):
        return await self.sources.fetch(SourceRevision(source_url=source, **wanted))

    async def test_provides_the_seam(self):
        """It has what the seam names, and so have the files it gives."""
        verifyObject(ISources, self.sources)
        source = self.put_folder("app", FILES)
        verifyObject(IFiles, (await self.fetched(source)).files)
        verifyObject(IFiles, self.sources.live(source))

    def test_refuses_what_is_no_source(self):
        """Texts that are neither, and those that a program could take for an option."""
        for text in REFUSED:
            self.assertRaises(SourceError, self.sources.check, text)

    def test_keeps_a_source_that_was_checked(self):
        """What is stored is checked again and stays what it is."""
        folder, (repository, _) = self.put_folder("app", FILES), self.put_commit("app", FILES)
        for source in (folder, repository):
            stored = self.sources.check(source)
            self.assertEqual(self.sources.check(stored), stored)
        self.assertFalse(self.sources.is_git(folder))
        self.assertTrue(self.sources.is_git(repository))

    async def test_copies_a_folder(self):
        """All files of a folder are there, and it has no revision."""
        source = self.put_folder("app", FILES)
        fetched = await self.fetched(source)
        self.assertEqual(await contents_of(fetched.files), FILES)
        self.assertEqual((fetched.branch, fetched.commit, fetched.message), ("", "", ""))
        self.assertEqual(await self.sources.head(SourceRevision(source_url=source)), "")

    async def test_a_copy_does_not_change(self):
        """What happens to the folder later does not reach the copy."""
        source = self.put_folder("app", FILES)
        fetched = await self.fetched(source)
        self.put_folder("app", {**FILES, "app.star": b"changed"})
        self.assertEqual(await contents_of(fetched.files), FILES)

    async def test_refuses_a_folder_that_is_not_there(self):
        """A missing folder is named."""
        source = self.put_folder("app", FILES) + "x"
        message = await self.refused(self.fetched(source))
        self.assertEqual(message, f"path does not exist {source}")

    async def test_follows_a_live_folder(self):
        """Files that are changed, added and removed are seen at the next look."""
        source = self.put_folder("app", {"a": b"1", "b": b"2"})
        live = self.sources.live(source)
        before = live.refs["a"]
        self.assertEqual(before.size, 1)
        self.put_folder("app", {"a": b"longer", "c": b"3"})
        self.assertEqual(await contents_of(live), {"a": b"longer", "c": b"3"})
        self.assertNotEqual(live.refs["a"], before)
        self.assertNotIn("b", live.refs)
        await self.refused(live.read("b"))
        self.assertEqual(live.encodings("a"), ())

    async def test_a_live_folder_may_not_be_there(self):
        """A folder that is gone is a refusal when it is looked at, not before."""
        live = self.sources.live(self.put_folder("app", FILES) + "x")
        self.assertRaises(SourceError, lambda: list(live.refs))

    def test_a_repository_is_no_live_folder(self):
        """A dev app needs a folder."""
        source, _ = self.put_commit("app", FILES)
        self.assertRaises(SourceError, self.sources.live, source)

    async def test_fetches_a_branch(self):
        """The head of the branch, ``main`` unless told, with what it turned out to be."""
        self.put_commit("app", {"app.star": b"old"})
        source, commit = self.put_commit("app", FILES, message="Change\n\nwhy")
        fetched = await self.fetched(source)
        self.assertEqual(await contents_of(fetched.files), FILES)
        self.assertEqual(fetched.branch, "main")
        self.assertEqual((fetched.commit, fetched.message), (commit, "Change\n\nwhy"))
        self.assertEqual(await self.sources.head(SourceRevision(source_url=source)), commit)

    async def test_fetches_another_branch(self):
        """A branch that is named is fetched, and not ``main``."""
        self.put_commit("app", FILES)
        source, commit = self.put_commit("app", {"app.star": b"new"}, branch="feature/x")
        fetched = await self.fetched(source, branch="feature/x")
        self.assertEqual((fetched.branch, fetched.commit), ("feature/x", commit))
        self.assertEqual(await contents_of(fetched.files), {"app.star": b"new"})
        head = await self.sources.head(SourceRevision(source_url=source, branch="feature/x"))
        self.assertEqual(head, commit)

    async def test_fetches_a_commit(self):
        """A commit, whole or shortened, is fetched although it is no head; no branch matters."""
        source, commit = self.put_commit("app", FILES)
        self.put_commit("app", {"app.star": b"new"})
        for wanted in (commit, commit[:10]):
            fetched = await self.fetched(source, commit=wanted, branch="main")
            self.assertEqual(await contents_of(fetched.files), FILES)
            self.assertEqual((fetched.branch, fetched.commit), ("", commit))
            head = await self.sources.head(SourceRevision(source_url=source, commit=wanted))
            self.assertEqual(head, commit)

    async def test_fetches_a_tag(self):
        """A tag given as a branch is followed when it moves, given as a commit it is pinned."""
        source, commit = self.put_commit("app", FILES)
        _, later = self.put_commit("app", {"app.star": b"new"})
        for tag in ("v1.2", "plain", "cafe"):
            for target in (commit, later):
                self.put_tag("app", tag, target)
                for wanted, branch in (({"branch": tag}, tag), ({"commit": tag}, "")):
                    fetched = await self.fetched(source, **wanted)
                    self.assertEqual((fetched.branch, fetched.commit), (branch, target))
                    head = await self.sources.head(SourceRevision(source_url=source, **wanted))
                    self.assertEqual(head, target)

    async def test_fetches_a_hash_as_a_branch(self):
        """The id of a commit, whole or shortened, given as a branch is that commit."""
        source, commit = self.put_commit("app", FILES)
        self.put_commit("app", {"app.star": b"new"})
        for wanted in (commit, commit[:8], commit[:8].upper()):
            fetched = await self.fetched(source, branch=wanted)
            self.assertEqual((fetched.branch, fetched.commit), ("", commit))
            head = await self.sources.head(SourceRevision(source_url=source, branch=wanted))
            self.assertEqual(head, commit)

    async def test_a_branch_comes_before_a_tag(self):
        """A name that both have is the branch, unless it is asked for as a commit."""
        source, commit = self.put_commit("app", FILES)
        _, head = self.put_commit("app", {"app.star": b"new"}, branch="both")
        self.put_tag("app", "both", commit)
        self.assertEqual((await self.fetched(source, branch="both")).commit, head)
        self.assertEqual((await self.fetched(source, commit="both")).commit, commit)

    async def test_refuses_a_revision_that_is_not_there(self):
        """A branch, commit or repository that is not there is refused, whatever is asked of it."""
        source, _ = self.put_commit("app", FILES)
        for revision in (
            SourceRevision(source_url=source, branch="other"),
            SourceRevision(source_url=source, commit="0123456789"),
            SourceRevision(source_url=source + "x"),
        ):
            await self.refused(self.sources.fetch(revision))
            await self.refused(self.sources.head(revision))

    async def texts(self, source, **wanted):
        return await self.sources.texts(SourceRevision(source_url=source, **wanted))

    async def test_picks_files(self):
        """A name or a glob after a folder means files right in it."""
        files = {"a.ace": b"a", "b.ace": b"b", ".c.ace": b"c", "x.txt": b"x", "deep/d.ace": b"d"}
        folder, (repository, commit) = self.put_folder("ops", files), self.put_commit("ops", files)
        for source in (folder, repository):
            one = await self.texts(f"{source}/x.txt")
            self.assertEqual(await contents_of(one.files), {"x.txt": b"x"})
            several = await self.texts(f"{source}/*.ace")
            self.assertEqual(await contents_of(several.files), {"a.ace": b"a", "b.ace": b"b"})
            for nothing in ("y.txt", "*.star", "[", ".*"):
                told = await self.refused(self.texts(f"{source}/{nothing}"))
                self.assertIn(f"no matching files found in {source}/{nothing}", told)
        self.assertEqual((await self.texts(f"{repository}/x.txt")).commit, commit)

    async def test_a_site_stays_on_the_disk(self):
        """Its programs are listed and copied; other files are those of the folder now."""
        source = self.put_folder("site", {"app.star": b"1", "a/b.html": b"old", "lib/x.star": b""})
        programs = (await self.sources.programs(source)).files
        fetched = self.sources.on_disk(source, programs)
        stored = self.sources.on_disk(source, SourceTree({"app.star": b"1"}))
        self.put_folder("site", {"app.star": b"2", "a/b.html": b"newer", "c.txt": b"c"})
        for files in (fetched, stored):
            verifyObject(IFiles, files)
            self.assertEqual(list(files.refs), ["app.star"])
            self.assertEqual(await files.read("app.star"), b"1")
            self.assertEqual(files.refs["a/b.html"].size, 5)
            self.assertEqual(await files.read("a/b.html"), b"newer")
            self.assertIn("c.txt", files.refs)
            self.assertNotIn("d.txt", files.refs)
            await self.refused(files.read("d.txt"))

    async def test_a_site_without_a_program(self):
        """A folder of pages alone is a site too, and a repository or nothing is none."""
        source = self.put_folder("site", {"index.html": b"home"})
        programs = (await self.sources.programs(source)).files
        files = self.sources.on_disk(source, programs)
        self.assertEqual((list(files.refs), files.refs["index.html"].size), ([], 4))
        repository, _ = self.put_commit("site", {"index.html": b"home"})
        for wrong in (repository, f"{source}/nowhere"):
            await self.refused(self.sources.programs(wrong))
        self.assertRaises(SourceError, self.sources.on_disk, repository, SourceTree({}))
