"""The version line."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from clace.cli.version_command import commit


class CommitTests(SynchronousTestCase):
    def test_knows_the_commit_of_an_installation_from_git(self):
        """An installer notes it (PEP 610)."""
        noted = '{"url": "https://h/r", "vcs_info": {"vcs": "git", "commit_id": "1a2b"}}'
        self.assertEqual(commit(noted), "1a2b")

    def test_says_that_it_does_not_know(self):
        """A folder or an index has no commit to tell."""
        for noted in (None, '{"url": "file:///x", "dir_info": {}}'):
            self.assertEqual(commit(noted), "dev_build")
