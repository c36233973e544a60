"""Tests for ``clace.config.users``."""

from clace.config.showing import HIDDEN, effective
from tests.config.support import LoadCase

HASH = "$2b$10$" + "a" * 53


class UserTests(LoadCase):
    """Sections ``[builtin_auth.NAME]``."""

    def test_users(self):
        """A user has a hash, which is not shown, and groups."""
        config = self.load(
            f'[builtin_auth.ann]\npassword = "{HASH}"\ngroups = ["a", "b"]\n'
            f'[builtin_auth."jo@x.org"]\npassword = "{HASH}"'
        )
        self.assertEqual(config.builtin_auth["ann"].groups, ("a", "b"))
        self.assertEqual(config.builtin_auth["jo@x.org"].password, HASH)
        shown = {each.at: each.value for each in effective(config)}
        self.assertEqual(shown["builtin_auth", "ann", "password"], HIDDEN)

    def test_wrong_ones(self):
        """A missing or plain password, an odd name and an odd group are named, no password is."""
        for text, problem in (
            ("[builtin_auth.ann]", "[builtin_auth.ann] password: missing; expected a bcrypt hash"),
            (
                '[builtin_auth.ann]\npassword = "hunter2"',
                "[builtin_auth.ann] password: expected a bcrypt hash",
            ),
            (
                f'[builtin_auth."a:b"]\npassword = "{HASH}"',
                "[builtin_auth.\"a:b\"]: username cannot contain ':' or whitespace",
            ),
            (
                f'[builtin_auth.ann]\npassword = "{HASH}"\ngroups = ["a,b"]',
                '[builtin_auth.ann] groups: group "a,b": expected a name without commas',
            ),
            (
                f'[builtin_auth.ann]\npassword = "{HASH}"\ngroup = ["a"]',
                '[builtin_auth.ann] group: no such key; did you mean "groups"?',
            ),
        ):
            (found,) = self.problems(text)
            self.assertIn(problem, found)
            self.assertNotIn("hunter2", found)
