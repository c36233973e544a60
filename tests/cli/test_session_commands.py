"""Tests for ``clace session``."""

import json

from twisted.trial.unittest import SynchronousTestCase

from clace.interfaces import NewSession, SignedIn
from clace.model.identity import Assurance, Identity
from tests.support.command_line import CommandLineCase


class SessionTests(CommandLineCase, SynchronousTestCase):
    def sign_in(self, user="admin", host="apps.example", setting="system"):
        signed_in = SignedIn(identity=Identity(user_id=user, assurance=Assurance.PASSWORD))
        new = NewSession(host=host, setting=setting, signed_in=signed_in, fingerprint="f")
        return self.successResultOf(self.administration.sessions.begin(new))[1].name

    def listed(self, *arguments):
        result = self.run_cli("session", "list", *arguments)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return result.stdout

    def test_list(self):
        """Name, user, host, way, last use and end, in columns."""
        name = self.sign_in()
        head, row = self.listed().splitlines()
        self.assertEqual(head.split(), ["Name", "User", "Host", "Auth", "Last", "use", "Until"])
        expected = [name, "admin", "apps.example", "system", "1970-01-01", "00:00:00"]
        self.assertEqual(row.split(), [*expected, "1970-01-02", "00:00:00"])

    def test_choice(self):
        """Sessions of one user, or of one way to sign in, are chosen."""
        self.sign_in()
        name = self.sign_in("github:ann", setting="github")
        for option in ("--user=github:ann", "--auth=github"):
            (row,) = json.loads(self.listed("-f", "json", option))
            self.assertEqual(row["name"], name)
            self.assertNotIn("digest", row)
            self.assertNotIn("sealed", row)

    def test_nobody(self):
        """A choice that selects no session says so."""
        for options, told in (
            (("--user=jo",), "user jo"),
            (("--auth=github", "--user=jo"), "user jo and auth github"),
        ):
            result = self.run_cli("session", "list", *options)
            self.assertEqual(result.exit_code, 0)
            self.assertIn(f"warning: there is no session of {told}\n", result.stderr)

    def test_hostile_names(self):
        """A name that a provider gave drives no terminal in any format."""
        self.sign_in("github:eve\x1b]0;x\x07\n\x9b")
        for form in ("basic", "table", "csv", "json", "jsonl", "jsonl_pretty"):
            self.assertTrue(self.listed("-f", form).replace("\n", "").isprintable(), form)

    def test_revoke(self):
        """One session, those of a user, or all end."""
        name = self.sign_in()
        for user in ("ann", "ann", "bob", "eve"):
            self.sign_in(user)
        self.prints("1 session(s) revoked.\n", "session", "revoke", name)
        self.prints("2 session(s) revoked.\n", "session", "revoke", "--user", "ann")
        self.prints("2 session(s) revoked.\n", "session", "revoke", "--all")
        self.prints("0 session(s) revoked.\n", "session", "revoke", "--all")

    def test_refusals(self):
        """A session that is not there is an error, and so is to name none or two things."""
        result = self.run_cli("session", "revoke", "ses_1")
        self.assertEqual(result.stderr, "error: there is no session named ses_1\n")
        self.assertEqual(result.exit_code, 1)
        for arguments in ((), ("ses_1", "--all"), ("--user=a", "--all")):
            result = self.run_cli("session", "revoke", *arguments)
            self.assertEqual(result.exit_code, 2)
            self.assertIn("give the NAME of a session, --user or --all", result.stderr)
