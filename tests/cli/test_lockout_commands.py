"""Tests for ``clace lockout``."""

import json

from twisted.trial.unittest import SynchronousTestCase

from tests.support.command_line import CommandLineCase


class LockoutTests(CommandLineCase, SynchronousTestCase):
    def lock(self, network="192.0.2.1", user="admin"):
        for _ in range(5):
            self.administration.lockouts.count(network, user, known=True)

    def listed(self, *arguments):
        result = self.run_cli("lockout", "list", *arguments)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return result.stdout

    def test_list(self):
        """Address, user, failures and the end of the lock, in columns."""
        self.lock()
        head, row = self.listed().splitlines()
        self.assertEqual(head.split(), ["Address", "User", "Tries", "Until"])
        self.assertEqual(row.split(), ["192.0.2.1", "admin", "5", "1970-01-01", "00:15:00"])

    def test_formats(self):
        """It is printed in the formats of other lists; an unknown one is refused."""
        self.lock()
        self.assertEqual(self.listed("-f", "csv"), "192.0.2.1,admin,5,1970-01-01 00:15:00\n")
        (row,) = json.loads(self.listed("--format=json"))
        self.assertEqual((row["address"], row["user"], row["tries"]), ("192.0.2.1", "admin", 5))
        self.assertEqual(json.loads(self.listed("-f", "jsonl")), row)
        self.assertEqual(json.loads(self.listed("-f", "jsonl_pretty")), row)
        result = self.run_cli("lockout", "list", "-f", "xml")
        self.assertIn('invalid format "xml": valid options are table, basic', result.stderr)
        self.assertEqual(result.exit_code, 2)

    def test_hostile_names(self):
        """What a stranger called himself drives no terminal in any format."""
        self.lock(user="eve\x1b]0;x\x07\n\x9b")
        for form in ("basic", "table", "csv", "json", "jsonl", "jsonl_pretty"):
            self.assertTrue(self.listed("-f", form).replace("\n", "").isprintable(), form)
        self.assertEqual(len(self.listed().splitlines()), 2)

    def test_many(self):
        """Of more than it lists it says how many there are."""
        for number in range(1005):
            self.lock(network=f"2001:db8:0:{number:x}::/64")
        result = self.run_cli("lockout", "list")
        self.assertEqual(result.stderr, "warning: 5 more are locked out\n")

    def test_clear(self):
        """Those of an address, of a user, or all may try again."""
        self.lock()
        self.lock(user="jo")
        self.prints("1 lockout(s) cleared.\n", "lockout", "clear", "--user", "jo")
        self.prints("2 lockout(s) cleared.\n", "lockout", "clear", "192.0.2.1")
        self.prints("0 lockout(s) cleared.\n", "lockout", "clear")

    def test_clear_nobody(self):
        """A slip in address or name is an error."""
        self.fails(
            "error: no failed sign-in is held against 192.0.2.1 and user jo\n",
            *("lockout", "clear", "192.0.2.1", "--user=jo"),
        )
        self.fails(
            'error: address "office": expected an IP address, unix, '
            "or a network as `clace lockout list` shows it\n",
            *("lockout", "clear", "office"),
        )
