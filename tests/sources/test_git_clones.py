import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from clace.errors import SourceError
from clace.interfaces import SourceRevision
from clace.sources.git import GitOptions, GitSource
from clace.sources.git_auth import GitLogin
from clace.sources.git_clones import GitClones
from tests.support.git_servers import GitHTTP
from tests.support.programs import starter
from tests.support.repositories import Repository
from tests.support.source_contract import contents_of
from tests.support.threads import at_once

COMMITS = tuple(character * 40 for character in "abcdef")
MANY = {f"d{number}/f": os.urandom(4000) for number in range(20)}


def a_repository(folder, pack="pack-1", size=1000):
    """A folder that is to a clone as a repository with one pack."""
    packs = folder / "objects" / "pack"
    packs.mkdir(parents=True)
    for part in ("pack", "idx", "rev"):
        (packs / f"{pack}.{part}").write_bytes(b"x" * size)
    return folder


class ClonesTests(SynchronousTestCase):
    """What is kept, for whom, and for how long."""

    def setUp(self):
        self.root = Path(self.mktemp()).absolute()
        self.root.mkdir()
        self.clones = GitClones(self.root / "clones", 100_000)
        self.made = 0

    def repository(self, size=1000):
        self.made += 1
        return a_repository(self.root / str(self.made), f"pack-{self.made}", size)

    def kept(self, *key, commit=COMMITS[0], size=1000, clones=None):
        clones = clones or self.clones
        clone = clones.borrow(*key)
        clone.keep(self.repository(size), commit)
        clones.give_back(clone)

    def known(self, *key, clones=None):
        clones = clones or self.clones
        clone = clones.borrow(*key)
        clones.give_back(clone)
        return clone.commits

    def folders(self):
        return sorted((self.root / "clones").iterdir())

    def test_keeps_commits_for_their_key(self):
        """A commit is known where it was kept, also to a server that is started later."""
        self.kept("url", "work")
        later = GitClones(self.root / "clones", 100_000)
        self.assertEqual(self.known("url", "work", clones=later), {COMMITS[0]})
        for key in (("url", "other"), ("url", ""), ("ur", "lwork")):
            self.assertEqual(self.known(*key), frozenset())

    def test_is_for_the_server_alone(self):
        """The folder of clones is private."""
        self.kept("url")
        self.assertEqual((self.root / "clones").stat().st_mode & 0o777, 0o700)

    def test_lends_what_it_has(self):
        """A repository finds the objects, and is shallow at each commit; other files are none."""
        self.kept("url", commit=COMMITS[1])
        self.kept("url", commit=COMMITS[0])
        clone = self.clones.borrow("url")
        repository = self.repository()
        clone.lend(repository)
        self.clones.give_back(clone)
        self.assertEqual((repository / "shallow").read_text(), f"{COMMITS[0]}\n{COMMITS[1]}\n")
        borrowed = Path((repository / "objects/info/alternates").read_text().strip())
        packs = {file.name for file in (borrowed / "pack").iterdir()}
        self.assertIn("pack-1.idx", packs)
        self.assertIn("pack-2.pack", packs)
        (borrowed.parent / "commits" / "../x").touch()
        (borrowed.parent / "commits" / "main").touch()
        self.assertEqual(self.known("url"), set(COMMITS[:2]))

    def test_knows_nothing_before_the_packs_are_there(self):
        """A server killed among the renames leaves a clone of which nothing is believed."""
        clone = self.clones.borrow("url")
        repository = self.repository()
        (self.folders()[0] / "objects" / "pack").rmdir()
        clone.keep(repository, COMMITS[0])
        self.clones.give_back(clone)
        self.assertEqual(self.known("url"), frozenset())

    def test_the_least_recently_used_goes(self):
        """When all are too large, the clone that was not borrowed for longest is removed."""
        for name in ("one", "two", "three"):
            self.kept(name, size=10_000)
        self.known("one")
        self.kept("four", size=10_000)
        found = [name for name in ("one", "two", "three", "four") if self.known(name)]
        self.assertEqual(found, ["one", "three", "four"])

    def test_what_is_in_use_stays(self):
        """A clone that somebody borrows is not removed, and goes once it is given back."""
        self.kept("one", size=10_000)
        held = self.clones.borrow("one")
        small = GitClones(self.root / "clones", 1)
        small.tidy()
        self.assertEqual(self.known("one"), {COMMITS[0]})
        small.give_back(held)
        small.tidy()
        self.assertEqual(self.folders(), [])

    def test_one_larger_than_all_is_not_kept(self):
        """A repository over the limit is fetched whole each time, and leaves others alone."""
        self.kept("small")
        self.kept("large", size=40_000)
        self.assertEqual(self.known("large"), frozenset())
        self.assertEqual(self.known("small"), {COMMITS[0]})

    def test_many_small_packs_begin_anew(self):
        """A clone of more packs than git is quick with goes, and the next fetch begins another."""
        for number in range(52):
            self.kept("url", commit=f"{number:040x}", size=1)
        self.assertLess(len(self.known("url")), 50)

    def test_a_limit_of_nothing(self):
        """Without room nothing is kept, and what a former limit allowed goes at the start."""
        self.kept("url")
        none = GitClones(self.root / "clones", 0)
        self.kept("other", clones=none)
        none.tidy()
        self.assertEqual(self.folders(), [])

    def test_forgets(self):
        """A clone with a damage is gone at once, for those who come next."""
        self.kept("url")
        clone = self.clones.borrow("url")
        clone.forget()
        self.assertEqual(self.known("url"), frozenset())
        # Where it was there is another by now, which lacks what this one relied on.
        clone.keep(self.repository(), COMMITS[1])
        self.assertEqual(self.known("url"), frozenset())
        self.clones.give_back(clone)

    def test_removes_what_was_being_removed(self):
        """What a killed server had begun to remove goes at the next start."""
        (self.root / "clones" / "leaving-x" / "objects").mkdir(parents=True)
        self.clones.tidy()
        self.assertEqual(self.folders(), [])

    def test_a_folder_that_cannot_be_made(self):
        """Where nothing can be kept, fetches go on without."""
        (self.root / "clones").write_text("a file")
        self.kept("url")
        self.assertEqual(self.known("url"), frozenset())
        self.clones.tidy()


class KeptFetchTests(TestCase):
    """What a second fetch costs, at a server that counts."""

    def setUp(self):
        self.root = Path(self.mktemp()).absolute()
        self.repository = Repository(self.root / "org" / "repo")
        self.http = GitHTTP(self, self.root)
        self.url = f"{self.http.url}/org/repo/.git"
        self.starter = starter(self)

    def source(self, **options):
        options = GitOptions(**options)
        return GitSource(reactor, self.starter, at_once, self.root / "git", options)

    async def fetched(self, source=None, **wanted):
        del self.http.asked[:]
        self.http.sent = 0
        revision = SourceRevision(source_url=self.url, **wanted)
        return await (source or self.source()).fetch(revision)

    async def assert_fetches(self, files, source=None, **wanted):
        fetched = await self.fetched(source, **wanted)
        self.assertEqual(await contents_of(fetched.files), files)

    def packs(self):
        return list((self.root / "git" / "clones").glob("*/objects/pack/*.pack"))

    async def test_only_what_is_new_comes(self):
        """A fetch after a commit of one file brings that, and none brings anything after none."""
        commit = self.repository.commit(MANY)
        await self.assert_fetches(MANY)
        self.assertGreater(self.http.sent, 80_000)
        for number in range(3):
            files = {**MANY, "d1/f": b"%d" % number}
            commit = self.repository.commit(files)
            await self.assert_fetches(files)
            self.assertLess(self.http.sent, 10_000)
            await self.assert_fetches(files)
            self.assertLess(self.http.sent, 1500)
        await self.assert_fetches(files, commit=commit)
        self.assertEqual(self.http.asked, [])

    async def test_a_head_that_was_told(self):
        """A branch is asked for again when that time is over, and another branch at once."""
        clock = Clock()
        options = GitOptions(head_seconds=30, seconds=0)
        source = GitSource(clock, self.starter, at_once, self.root / "git", options)
        first = self.repository.commit(MANY)
        self.repository.git("branch", "side", first)
        main = SourceRevision(source_url=self.url)
        self.assertEqual(await source.head(main), first)
        second = self.repository.commit({"a": b"1"})
        self.assertEqual(await source.head(main), first)
        side = SourceRevision(source_url=self.url, branch="side")
        self.repository.git("branch", "--force", "side", second)
        self.assertEqual(await source.head(side), second)
        clock.advance(30)
        self.assertEqual(await source.head(main), second)

    async def test_branches_and_commits_share_a_clone(self):
        """Another branch, a tag, and an older commit of a repository bring what they differ by."""
        first = self.repository.commit(MANY)
        second = self.repository.commit({**MANY, "new": b"1"})
        self.repository.git("branch", "side", first)
        self.repository.git("tag", "v1", first)
        await self.fetched()
        for wanted in ({"branch": "side"}, {"branch": "v1"}, {"commit": first}, {"commit": "v1"}):
            await self.assert_fetches(MANY, **wanted)
            self.assertLess(self.http.sent, 10_000)
        for short in (first[:9], second[:9]):
            self.assertIn(short, (await self.fetched(commit=short)).commit)

    async def test_a_rewritten_branch(self):
        """A branch that was forced to an unrelated commit is followed; so is one that goes back."""
        first = self.repository.commit(MANY)
        await self.fetched()
        self.repository.git("checkout", "--quiet", "--orphan", "other")
        self.repository.commit({"a": b"1"})
        self.repository.git("branch", "--force", "main")
        await self.assert_fetches({"a": b"1"})
        self.repository.git("branch", "--force", "main", first)
        await self.assert_fetches(MANY)

    async def test_a_login_is_asked_for_again(self):
        """What one login fetched is no other's, and a login that is refused gets nothing."""
        self.http.login = "git:right"
        commit = self.repository.commit(MANY)
        source = self.source(
            auths=(GitLogin(name="a", password="right"), GitLogin(name="b", password="wrong"))
        )
        await self.assert_fetches(MANY, source, git_auth="a")
        for wanted in ({"git_auth": "b"}, {}, {"git_auth": "b", "commit": commit}):
            with self.assertRaises(SourceError):
                await self.fetched(source, **wanted)

    async def test_a_damaged_clone_heals(self):
        """Packs that are cut off, overwritten or gone cost a whole fetch, and no more than that."""
        self.repository.commit(MANY)
        for damage in (
            lambda pack: os.truncate(pack, 100),
            lambda pack: pack.write_bytes(os.urandom(pack.stat().st_size)),
            lambda pack: pack.unlink(),
            lambda pack: pack.with_suffix(".idx").unlink(),
        ):
            for change in (False, True):
                await self.fetched()
                await self.fetched()
                self.assertLess(self.http.sent, 1500)
                for pack in self.packs():
                    pack.chmod(0o600)
                    damage(pack)
                if change:
                    self.repository.commit({**MANY, "d1/f": os.urandom(10)})
                    self.repository.commit(MANY)
                await self.assert_fetches(MANY)
                self.assertGreater(self.http.sent, 80_000)

    async def test_a_server_that_was_killed(self):
        """Whichever of the renames was the last, the next fetch is right, and is kept."""
        self.repository.commit(MANY)
        for missing in (("rev", "idx"), ("idx",), ()):
            await self.fetched()
            for pack in self.packs():
                for part in missing:
                    pack.with_suffix(f".{part}").unlink(missing_ok=True)
                (pack.parents[2] / "commits" / self.repository.git("rev-parse", "HEAD")).unlink()
            await self.assert_fetches(MANY)
            self.assertGreater(self.http.sent, 80_000)
            await self.assert_fetches(MANY)
            self.assertLess(self.http.sent, 1500)

    async def test_a_missing_folder_costs_no_clone(self):
        """A folder that the repository does not have is no sign of a damage."""
        self.repository.commit(MANY)
        await self.fetched()
        with self.assertRaises(SourceError):
            revision = SourceRevision(source_url=f"{self.url}//nowhere")
            await self.source().fetch(revision)
        await self.fetched()
        self.assertLess(self.http.sent, 1500)

    async def test_many_at_once(self):
        """Fetches of one repository that run beside each other all get what they want."""
        commits = [self.repository.commit({**MANY, "n": b"%d" % n}) for n in range(6)]
        source = self.source(kept=200_000)
        fetches = [
            Deferred.fromCoroutine(source.fetch(SourceRevision(source_url=self.url, commit=commit)))
            for commit in commits * 2
        ]
        for number, fetch in enumerate(fetches):
            files = await contents_of((await fetch).files)
            self.assertEqual(files, {**MANY, "n": b"%d" % (number % 6)})
