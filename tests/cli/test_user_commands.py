"""Tests for ``clace.cli.user_commands``."""

import json

import bcrypt
import pyotp
from twisted.trial.unittest import SynchronousTestCase

from tests.support.command_line import CommandLineCase

HASH = "$2b$04$" + "a" * 53
GOOD = "correct horse battery"
HINT = "run 'clace user {} --help' for usage\n"


class UserTests(CommandLineCase, SynchronousTestCase):
    def add(self, *arguments, name="ann", typed=None):
        result = self.run_cli("user", "add", *arguments, name, typed=typed)
        self.assertEqual(result.exit_code, 0, result.stderr)
        return result

    def opens(self, password, name="ann"):
        stored = self.administration.users.find(name).password
        return bcrypt.checkpw(password.encode(), stored.encode())

    def test_adds_with_a_random_password(self):
        """Without a source a password is made up; it goes to stderr, and opens."""
        result = self.add("--groups", "a, b")
        self.assertEqual(result.stdout, "User added: ann\n")
        said, _, password = result.stderr.strip().partition(": ")
        self.assertEqual((said, len(password)), ("Generated password is", 16))
        self.assertTrue(self.opens(password))
        self.assertEqual(self.administration.users.find("ann").groups, ("a", "b"))

    def test_adds_with_a_random_password_if_told(self):
        """--random says what happens without it."""
        password = self.add("--random").stderr.strip().partition(": ")[2]
        self.assertTrue(self.opens(password))

    def test_adds_with_nothing_empty(self):
        """An empty password or hash, as of a variable that is not set, is no wish for another."""
        for option, reason in (("--value", "at least 12 characters"), ("--hash", "a bcrypt hash")):
            result = self.run_cli("user", "add", option, "", "ann")
            self.assertEqual(result.exit_code, 1)
            self.assertIn(reason, result.stderr)
        self.assertEqual(self.targets, [])

    def test_adds_with_a_typed_password(self):
        """A password is asked for twice, or is on the command line."""
        self.add("--prompt", typed=f"{GOOD}\n{GOOD}\n")
        self.assertTrue(self.opens(GOOD))
        self.add("--value", GOOD, name="bob")
        self.assertTrue(self.opens(GOOD, "bob"))

    def test_adds_with_a_hash(self):
        """A hash is taken as it is; nothing else is one."""
        self.add("--hash", HASH)
        self.assertEqual(self.administration.users.find("ann").password, HASH)
        self.fails(
            "error: password must be a bcrypt hash\n", "user", "add", "--hash", "plain", "bob"
        )

    def test_invites(self):
        """An invitation is a link and its end, on stdout."""
        result = self.add("--invite")
        self.assertEqual(
            result.stdout.splitlines(),
            [
                "User added: ann",
                "Until 1970-01-04 00:00 UTC the password is set at",
                "https://auth.localhost/?token=token1",
            ],
        )
        told = json.loads(self.add("--invite", "--format", "json", name="bob").stdout)
        self.assertEqual(told["link"], "https://auth.localhost/?token=token2")

    def test_one_source(self):
        """Two sources of a password contradict each other."""
        self.fails(
            "error: cannot specify both --random and --invite\n" + HINT.format("add"),
            *("user", "add", "--random", "--invite", "ann"),
            status=2,
        )

    def test_rules(self):
        """A password that somebody chose is checked before the server is asked."""
        for password, reason in (
            ("short", "at least 12 characters"),
            ("x" * 73, "at most 72 bytes"),
            ("annannannann", "the user's name"),
        ):
            result = self.run_cli("user", "add", "--value", password, "ann")
            self.assertEqual(result.exit_code, 1)
            self.assertIn(reason, result.stderr)
        self.assertEqual(self.targets, [])

    def test_updates(self):
        """Groups and passwords are changed, each without the other."""
        self.add("--value", GOOD, "--groups", "a")
        self.prints("User updated: ann\n", "user", "update", "--groups", "b,c", "ann")
        self.assertEqual(self.administration.users.find("ann").groups, ("b", "c"))
        self.assertTrue(self.opens(GOOD))
        self.prints("User updated: ann\n", "user", "update", "--groups", "", "ann")
        self.assertEqual(self.administration.users.find("ann").groups, ())
        self.prints("User updated: ann\n", "user", "update", "--hash", HASH, "ann")
        self.assertEqual(self.administration.users.find("ann").password, HASH)

    def test_updates_with_nothing_empty(self):
        """An empty hash is refused beside groups, too: the password would stay as it was."""
        result = self.run_cli("user", "update", "--groups", "a", "--hash", "", "ann")
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(self.targets, [])

    def test_updates_nothing(self):
        """An update of nothing is a wrong command line."""
        result = self.run_cli("user", "update", "ann")
        self.assertEqual(result.exit_code, 2)
        self.assertIn("nothing to change", result.stderr)

    def test_refusals(self):
        """The server's refusals are lines, and the exit status is 1."""
        self.add("--hash", HASH)
        self.fails(
            "error: user ann already exists, use user update to change it\n",
            *("user", "add", "--hash", HASH, "ann"),
        )
        self.fails(
            "error: user bob does not exist, use user add to create it\n",
            *("user", "update", "--groups", "a", "bob"),
        )

    def test_deletes(self):
        """A deletion is asked about on a terminal only."""
        self.add("--hash", HASH)
        self.terminal = True
        result = self.run_cli("user", "delete", "ann", typed="n\n")
        self.assertEqual(result.exit_code, 1)
        self.prints("User deleted: ann\n", "user", "delete", "--yes", "ann")
        self.fails("error: user ann does not exist\n", "user", "delete", "--yes", "ann")

    def test_deletes_before_the_configuration(self):
        """A deletion warns that the user of the configuration signs in again."""
        self.run_cli("user", "update", "--value", GOOD, "static")
        result = self.run_cli("user", "delete", "--yes", "static")
        self.assertEqual((result.exit_code, result.stdout), (0, "User deleted: static\n"))
        self.assertIn("user static of the configuration file counts again", result.stderr)
        self.assertTrue(self.administration.users.find("static").is_static)

    def test_resets_factors(self):
        """A user, or the administrator, loses the second factors; one of them has to be named."""
        self.add("--hash", HASH)
        for user_id, arguments in (("builtin:ann", ("ann",)), ("admin", ("--system",))):
            self.enrol(user_id)
            self.prints("1 second factor(s) removed.\n", "user", "reset-factors", *arguments)
            self.assertEqual(self.administration.factors.kinds(user_id), frozenset())
        for arguments in ((), ("--system", "ann")):
            result = self.run_cli("user", "reset-factors", *arguments)
            self.assertEqual(result.exit_code, 2)

    def test_deletes_factors(self):
        """The factors of a deleted user are not those of the next one of the name."""
        self.add("--hash", HASH)
        self.enrol("builtin:ann")
        listed = json.loads(self.run_cli("user", "list", "--format", "json").stdout)
        self.assertEqual(listed[0]["factors"], ["totp"])
        self.prints("User deleted: ann\n", "user", "delete", "--yes", "ann")
        self.assertEqual(self.administration.factors.kinds("builtin:ann"), frozenset())

    def enrol(self, user_id):
        factors = self.administration.factors
        offer = self.successResultOf(factors.offer_codes(user_id))
        self.administration.clock.advance(60)
        code = pyotp.TOTP(offer.secret).at(int(self.administration.clock.seconds()))
        self.successResultOf(factors.accept_codes(user_id, offer.ticket, code))

    def test_lists(self):
        """Users are listed in columns, CSV and JSON, without passwords."""
        self.add("--hash", HASH, "--groups", "a,b")
        self.prints(
            f"{'Username':<30} Groups\n{'ann':<30} a,b\n{'static':<30} file\n", "user", "list"
        )
        self.prints(
            'ann,"a,b",dynamic,false,\nstatic,file,static,false,\n',
            *("user", "list", "--format", "csv"),
        )
        listed = self.run_cli("user", "list", "--format", "json").stdout
        self.assertEqual([each["username"] for each in json.loads(listed)], ["ann", "static"])
        self.assertNotIn("$2b$", listed)
