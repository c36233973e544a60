import stat
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from clace.errors import SourceError
from clace.interfaces import SourceRevision
from clace.sources.git import GitOptions, GitSource
from clace.sources.git_auth import GitLogin
from clace.sources.git_tools import GitSurroundings
from clace.sources.limits import SourceLimits
from tests.support.programs import starter
from tests.support.repositories import Repository
from tests.support.source_contract import FILES, contents_of
from tests.support.threads import at_once

SPY = """#!/bin/sh
echo "$@" >> {folder}/arguments
env >> {folder}/environment
cat {scratch}/*/credentials > {folder}/credentials 2>/dev/null
stat -c %a {scratch} {scratch}/* > {folder}/modes
echo 'fatal: no' >&2
exit 1
"""


class GitTests(TestCase):
    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.scratch = self.folder / "sources" / "work"
        self.starter = starter(self)

    def source(self, **options):
        folder = self.folder / "sources"
        return GitSource(reactor, self.starter, at_once, folder, GitOptions(**options))

    async def refused(self, url, source=None, **wanted):
        try:
            await (source or self.source()).fetch(SourceRevision(source_url=url, **wanted))
        except SourceError as error:
            return error.message
        raise AssertionError("it was not refused")

    def assert_clean(self):
        self.assertEqual(list(self.scratch.iterdir()), [])


class RepositoryTests(GitTests):
    """What comes of real repositories."""

    def setUp(self):
        super().setUp()
        self.repository = Repository(self.folder / "repository")
        self.url = self.repository.url

    async def test_leaves_nothing_behind(self):
        """The folder that was worked in is gone, whatever came of it."""
        self.repository.commit(FILES)
        await self.source().fetch(SourceRevision(source_url=self.url))
        self.assert_clean()
        await self.refused(self.url, branch="other")
        self.assert_clean()

    async def test_fetches_a_folder(self):
        """Only the files of the folder are there, by their names in it."""
        self.repository.commit({**FILES, "apps/one/app.star": b"1", "apps/one/x/y": b"2"})
        fetched = await self.source().fetch(SourceRevision(source_url=f"{self.url}//apps/one"))
        self.assertEqual(await contents_of(fetched.files), {"app.star": b"1", "x/y": b"2"})

    async def test_refuses_a_folder_that_is_not_there(self):
        """A folder that the commit does not have is named, as is a file in its place."""
        self.repository.commit(FILES)
        for folder in ("other", "app.star"):
            message = await self.refused(f"{self.url}//{folder}")
            self.assertEqual(message, f"there is no folder {folder} in {self.url}")

    async def test_says_what_to_try(self):
        """A branch, a commit and a repository that are not there are refused with the reason."""
        self.repository.commit(FILES)
        for url, wanted, part in [
            (
                self.url,
                {"branch": "x"},
                "no branch or tag x",
            ),
            (
                self.url,
                {"commit": "f" * 40},
                f"no commit or tag {'f' * 40}",
            ),
            (f"{self.url}-x", {}, "does not appear to be a git repository (see --git-auth)"),
        ]:
            message = await self.refused(url, **wanted)
            self.assertTrue(message.startswith(f"cannot fetch {url}: "), message)
            self.assertIn(part, message)

    async def test_advises_only_what_can_help(self):
        """A branch or commit that was named needs no option, and a silent host no login."""
        self.repository.commit(FILES)
        for url, wanted in (
            (self.url, {"branch": "x"}),
            (self.url, {"commit": "x"}),
            ("http://127.0.0.1:1/a/b", {}),
        ):
            self.assertNotIn("(see", await self.refused(url, **wanted))

    def link(self, target, name="static/link"):
        self.repository.commit(FILES)
        (self.repository.path / name).unlink(missing_ok=True)
        (self.repository.path / name).symlink_to(target)
        self.repository.git("add", name)
        self.repository.git("commit", "--quiet", "-m", "link")

    async def test_refuses_links(self):
        """A link to something in the repository or out of it is refused, and never followed."""
        for target in (
            *("/etc/passwd", "/no/such/place", "../app.star", "deep", "deep/a.bin", "."),
            *("..", "../..", "../../x", "deep/../deep", "../static"),
        ):
            self.link(target)
            self.assertIn("static/link is a symbolic link", await self.refused(self.url), target)

    async def test_leaves_out_links_to_nothing(self):
        """A link to what the commit does not have is left out with a warning."""
        for target in ("gone", "../gone/x", "deep/../x", "../app.star/x"):
            self.link(target)
            fetched = await self.source().fetch(SourceRevision(source_url=self.url))
            self.assertEqual(await contents_of(fetched.files), FILES)
            warning = "static/link is a symbolic link to nothing, it was left out"
            self.assertEqual(fetched.warnings, (warning,))

    async def test_refuses_what_is_too_much(self):
        """The limits hold for what is in the commit, before any of it is read."""
        self.repository.commit({"a": b"1234"})
        source = self.source(limits=SourceLimits(file=3))
        self.assertIn("file a is over the limit", await self.refused(self.url, source))

    async def test_attributes_and_hooks_do_not_act(self):
        """Files come as they are stored: nothing is left out, replaced or filtered."""
        files = {
            ".gitattributes": b"secret export-ignore\nid ident\n* text eol=crlf filter=x\n",
            "secret": b"here\n",
            "id": b"$Id$\n",
        }
        self.repository.commit(files)
        fetched = await self.source().fetch(SourceRevision(source_url=self.url))
        self.assertEqual(await contents_of(fetched.files), files)

    async def test_refuses_submodules(self):
        """A submodule is named, unless it is in another folder than the app."""
        commit = self.repository.commit({"app/a": b"1"})
        self.repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},x/sub")
        self.repository.git("commit", "--quiet", "-m", "sub")
        self.assertIn("x/sub is a submodule", await self.refused(self.url))
        fetched = await self.source().fetch(SourceRevision(source_url=f"{self.url}//app"))
        self.assertEqual(await contents_of(fetched.files), {"a": b"1"})

    async def test_refuses_pointers_to_large_files(self):
        """A file that Git LFS keeps elsewhere is named, and one that only tells of it is not."""
        pointer = (
            b"version https://git-lfs.github.com/spec/v1\n"
            b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
            b"size 12345\n"
        )
        told = {"docs/lfs.md": b"A pointer:\n" + pointer}
        self.repository.commit({**told, "static/film.mp4": pointer})
        message = await self.refused(self.url)
        self.assertIn("static/film.mp4 is kept in Git LFS, which is not fetched", message)
        self.repository.git("rm", "--quiet", "--cached", "static/film.mp4")
        self.repository.commit(told)
        fetched = await self.source().fetch(SourceRevision(source_url=self.url))
        self.assertEqual(await contents_of(fetched.files), told)

    async def test_a_configuration_of_git_counts(self):
        """A configuration says where repositories are; its hooks and helpers do not count."""
        commit = self.repository.commit(FILES)
        touched = self.folder / "touched"
        config = self.folder / "gitconfig"
        config.write_text(
            f'[url "{self.url}"]\n\tinsteadOf = https://git.example/team/app\n'
            f'[credential]\n\thelper = "!touch {touched}"\n'
            f"[core]\n\thooksPath = {self.folder}\n\tfsmonitor = touch {touched}\n"
            f'\tsshCommand = "touch {touched}"\n'
        )
        url = "https://git.example/team/app"
        source = self.source(around=GitSurroundings(config=config))
        fetched = await source.fetch(SourceRevision(source_url=url))
        self.assertEqual((fetched.commit, fetched.branch), (commit, "main"))
        self.assertEqual(await source.head(SourceRevision(source_url=url)), commit)
        await self.refused(
            "git@127.0.0.1:o/r", self.source(around=GitSurroundings(config=config), seconds=5)
        )
        self.assertFalse(touched.exists())
        config.write_text("not a configuration\n")
        self.assertIn(
            "bad config",
            await self.refused(url, self.source(around=GitSurroundings(config=config))),
        )

    async def test_an_empty_repository_is_refused(self):
        """Without a commit there is no branch."""
        self.assertIn("(see --branch)", await self.refused(self.url))

    async def test_many_at_once(self):
        """More fetches than turns all come to their end."""
        commit = self.repository.commit(FILES)
        source = self.source(at_once=1)
        for fetching in [source.head(SourceRevision(source_url=self.url)) for _ in range(3)]:
            self.assertEqual(await fetching, commit)


class AccessTests(GitTests):
    """What git gets to see, with a spy in its place."""

    def setUp(self):
        super().setUp()
        self.program = self.folder / "git"
        self.program.write_text(SPY.format(folder=self.folder, scratch=self.scratch))
        self.program.chmod(0o755)
        self.auths = (
            GitLogin(name="work", user_id="jo", password="s3cret"),
            GitLogin(name="key", key_file_path="/nowhere/key"),
        )

    def spied(self, **options):
        return self.source(program=str(self.program), auths=self.auths, **options)

    def seen(self, what):
        return (self.folder / what).read_text()

    async def test_a_password_is_only_in_a_private_file(self):
        """It is in no argument and no variable, and in a file that is for us alone, for a while."""
        source = self.spied()
        await self.refused("https://git.example/o/r", source, branch="x", git_auth="work")
        self.assertNotIn("s3cret", self.seen("arguments") + self.seen("environment"))
        self.assert_clean()

    async def test_an_entry_is_used_if_none_is_named(self):
        """The default entry counts unless the revision names another."""
        source = self.spied(default_auth="key")
        self.assertIn("entry key: cannot read", await self.refused("https://h.io/o/r", source))
        self.assertIn("no", await self.refused("https://h.io/o/r", source, git_auth="work"))

    async def test_an_entry_that_is_not_there_is_named(self):
        """An unknown entry stops the fetch before git is asked."""
        message = await self.refused("https://h.io/o/r", self.spied(), git_auth="x")
        self.assertEqual(message, "git auth entry x not found in server config")
        self.assertFalse((self.folder / "arguments").exists())

    async def test_git_sees_a_clean_world(self):
        """No configuration of the machine or user, no prompts, one protocol, our own folder."""
        environment = {"PATH": "/usr/bin:/bin", "https_proxy": "http://p:1"}
        source = self.spied(around=GitSurroundings(environment=environment))
        await self.refused("https://h.io/o/r", source)
        environment = self.seen("environment").splitlines()
        for line in (
            "GIT_CONFIG_NOSYSTEM=1",
            "GIT_CONFIG_GLOBAL=/dev/null",
            "GIT_TERMINAL_PROMPT=0",
            "GIT_ALLOW_PROTOCOL=https",
            "https_proxy=http://p:1",
        ):
            self.assertIn(line, environment)
        (home,) = (line for line in environment if line.startswith("HOME="))
        self.assertTrue(home.startswith(f"HOME={self.scratch}/"))
        self.assertEqual(self.seen("modes").split(), ["700", "700"])

    async def test_git_configuration(self):
        """A configuration that the operator names is git's only one; one without it is refused."""
        config = self.folder / "gitconfig"
        config.write_text("")
        await self.refused("https://h.io/o/r", self.spied(around=GitSurroundings(config=config)))
        environment = self.seen("environment").splitlines()
        self.assertIn(f"GIT_CONFIG_GLOBAL={config}", environment)
        self.assertIn("GIT_CONFIG_NOSYSTEM=1", environment)
        config.unlink()
        message = await self.refused(
            "https://h.io/o/r", self.spied(around=GitSurroundings(config=config))
        )
        why = f"[system] git_config: cannot read {config}: No such file or directory"
        self.assertEqual(message, why)

    async def test_what_looks_like_an_option_never_reaches_git(self):
        """Sources, branches and commits that begin with a dash are refused before."""
        for url, wanted in [
            ("https://-h.io/o/r", {}),
            ("git@-oProxyCommand=x:o/r", {}),
            ("https://h.io/o/--upload-pack=x", {}),
            ("https://h.io/o/r", {"branch": "--upload-pack=x"}),
            ("https://h.io/o/r", {"commit": "--upload-pack=x"}),
        ]:
            self.assertIn("invalid", await self.refused(url, self.spied(), **wanted))
        self.assertFalse((self.folder / "arguments").exists())


class ServiceTests(GitTests):
    """Starting and stopping."""

    def test_removes_what_was_left(self):
        """What a server that was killed left, secrets among it, goes at the start."""
        (self.scratch / "old").mkdir(parents=True)
        (self.scratch / "old" / "credentials").write_text("secret")
        source = self.source()
        source.startService()
        self.assertFalse(self.scratch.exists())
        source.stopService()

    async def test_the_scratch_folder_is_private(self):
        """The folder that is made for git is for its owner only."""
        repository = Repository(self.folder / "repository")
        repository.commit(FILES)
        await self.source().fetch(SourceRevision(source_url=repository.url))
        self.assertEqual(stat.S_IMODE(self.scratch.stat().st_mode), 0o700)
