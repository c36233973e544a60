"""``clace password`` prints lines for clace.toml, and the password itself only where it must."""

from __future__ import annotations

import tomllib

import bcrypt
from twisted.trial.unittest import SynchronousTestCase

from tests.support.command_line import CommandLineCase


class PasswordTests(CommandLineCase, SynchronousTestCase):
    def hashed(self, result):
        """The hash in lines that can be appended to a configuration."""
        comment, _, rest = result.stdout.partition("\n")
        self.assertEqual(comment, "# Auto generated password hash, add to clace.toml")
        self.assertTrue(rest.startswith('[security]\nadmin_password_bcrypt = "$2b$10$'), rest)
        return tomllib.loads(result.stdout)["security"]["admin_password_bcrypt"].encode()

    def test_makes_one_up(self):
        """By default, and with ``--random``: the password to stderr, its hash to stdout."""
        for flags in ((), ("--random",)):
            result = self.run_cli("password", *flags)
            label, _, made_up = result.stderr.strip().partition(": ")
            self.assertEqual(label, "Generated password is")
            self.assertEqual(result.stderr, f"Generated password is: {made_up}\n\n")
            self.assertEqual(len(made_up), 16)
            self.assertNotIn(made_up, result.stdout)
            self.assertTrue(bcrypt.checkpw(made_up.encode(), self.hashed(result)))

    def test_takes_a_value(self):
        """A value that is given is hashed, and not repeated."""
        result = self.run_cli("password", "--value", "sésame")
        self.assertEqual(result.stderr, "")
        self.assertTrue(bcrypt.checkpw("sésame".encode(), self.hashed(result)))

    def test_asks_twice(self):
        """The prompts are on stderr, what is typed is shown nowhere, spaces around it go."""
        result = self.run_cli("password", "--prompt", typed=" sesame \nsesame\n")
        self.assertEqual(result.stderr, "Enter password: \nConfirm password: \n")
        self.assertTrue(bcrypt.checkpw(b"sesame", self.hashed(result)))

    def test_refuses_two_that_differ(self):
        """A typing mistake makes no hash."""
        result = self.run_cli("password", "-p", typed="sesame\nseesame\n")
        self.assertTrue(result.stderr.endswith("error: passwords do not match\n"))
        self.assertEqual((result.stdout, result.exit_code), ("", 1))

    def test_refuses_an_empty_one(self):
        """Nothing is no password, typed or given."""
        self.fails("error: must specify a password value\n", "password", "--value", "")
        result = self.run_cli("password", "-p", typed="\n\n")
        self.assertTrue(result.stderr.endswith("error: must specify a password value\n"))

    def test_refuses_one_that_bcrypt_would_cut(self):
        """A password over 72 bytes could be entered in several ways; it is refused."""
        result = self.run_cli("password", "--value", "x" * 73)
        self.assertIn("at most 72 bytes", result.stderr)
        self.assertEqual(result.exit_code, 1)

    def test_takes_one_way_at_a_time(self):
        """Flags that contradict each other are named, the first two."""
        for flags, text in (
            (("-r", "-p"), "--random and --prompt"),
            (("-r", "-v", "x"), "--random and --value"),
            (("-p", "-v", ""), "--prompt and --value"),
            (("-r", "-p", "-v", "x"), "--random and --prompt"),
        ):
            told = f"error: cannot specify both {text}\nrun 'clace password --help' for usage\n"
            self.fails(told, "password", *flags, status=2)

    def test_needs_no_configuration(self):
        """It works before there is any, and with one that is wrong."""
        self.environ = {}
        self.assertEqual(self.run_cli("password", "-v", "x").exit_code, 0)
        self.environ = {"CL_HOME": "/no/such/folder"}
        self.assertEqual(self.run_cli("password", "-v", "x").exit_code, 0)
