import shutil
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase, TestCase

from clace.errors import SourceError
from clace.interfaces import SourceRevision
from clace.sources.folder import FolderSource
from clace.sources.git import GitOptions, GitSource
from clace.sources.sources import Sources
from tests.support.programs import starter
from tests.support.repositories import Repository
from tests.support.source_contract import SourcesContract
from tests.support.threads import at_once


class RealSourcesTests(SourcesContract, TestCase):
    """Folders on disk and repositories read by git keep the contract."""

    def make_sources(self):
        self.folder = Path(self.mktemp()).absolute()
        self.repositories = {}
        git = GitSource(reactor, starter(self), at_once, self.folder / "git", GitOptions())
        return Sources(FolderSource(at_once, self.folder, self.folder), git)

    def put_folder(self, name, contents):
        folder = self.folder / "folders" / name
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in contents.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return str(folder)

    def put_commit(self, name, contents, branch="main", message="a change"):
        if name not in self.repositories:
            self.repositories[name] = Repository(self.folder / "repositories" / name)
        repository = self.repositories[name]
        if branch != "main":
            repository.git("checkout", "--quiet", "--orphan", branch)
        return repository.url, repository.commit(contents, message)

    def put_tag(self, name, tag, commit):
        # The two kinds of tags that there are.
        kind = ("-a", "-m", "a tag") if tag.startswith("v") else ()
        self.repositories[name].git("tag", "--force", *kind, tag, commit)


class SourceTextTests(SynchronousTestCase):
    """What an operator may write for a folder, and what is stored of it."""

    def setUp(self):
        folder = FolderSource(at_once, Path("/srv/apps"), Path("/home/jo"))
        git = GitSource(None, None, at_once, Path("/scratch"), GitOptions())
        self.sources = Sources(folder, git)

    def test_folders_are_stored_absolute(self):
        """Relative ones are below the base; dots and the home are resolved."""
        for text, stored in {
            "disk": "/srv/apps/disk",
            "./disk/": "/srv/apps/disk",
            "../x": "/srv/x",
            "a/b/c": "/srv/apps/a/b/c",
            "github.com/org": "/srv/apps/github.com/org",
            "/opt//x/../y": "/opt/y",
            "~": "/home/jo",
            "~/y": "/home/jo/y",
            ".": "/srv/apps",
        }.items():
            self.assertEqual(self.sources.check(text), stored)
            self.assertFalse(self.sources.is_git(text))

    def test_repositories_are_stored_as_written(self):
        """A source for git is kept."""
        for text in ("github.com/org/repo/dir", "git@github.com:org/repo", "https://h.io/o/r//d"):
            self.assertEqual(self.sources.check(text), text)
            self.assertTrue(self.sources.is_git(text))

    def test_no_source(self):
        """An app without a source has no files, and none to work on; its spec writes them."""
        self.assertEqual(self.sources.check("-"), "-")
        fetched = self.successResultOf(self.sources.fetch(SourceRevision(source_url="-")))
        self.assertEqual(dict(fetched.files.refs), {})
        self.assertRaises(SourceError, self.sources.live, "-")
