"""Tests for ``clace rbac``."""

import json

from twisted.trial.unittest import SynchronousTestCase

from clace.model.rbac import Grant, Policy
from tests.support.command_line import CommandLineCase

POLICY = Policy(
    enabled=True,
    grants=(
        Grant(users=("github:ann",), roles=("clace-user",), targets=("/a",)),
        Grant(users=("group:ops",), roles=("clace-admin",), description="ops"),
    ),
)


class RbacTests(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.administration.authorisation.replace(POLICY, "admin")

    def test_check(self):
        """A decision is explained line by line, the answer last, and is the exit status."""
        result = self.run_cli("rbac", "check", "github:ann", "app:access", "/a")
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        self.assertEqual(
            result.stdout,
            "user github:ann, groups from the sign-in: none\n"
            "grant 1: for user github:ann; role clace-user has app:access; target /a matches /a\n"
            "allowed\n",
        )
        result = self.run_cli("rbac", "check", "github:ann", "server:stop")
        self.assertEqual(result.exit_code, 1)
        self.assertTrue(result.stdout.endswith("\ndenied\n"))

    def test_groups(self):
        """Groups that a sign-in would tell can be given."""
        arguments = ("rbac", "check", "github:ben", "server:stop", "--group", "ops")
        self.assertEqual(self.run_cli(*arguments).exit_code, 0)
        self.assertEqual(self.run_cli(*arguments[:4]).exit_code, 1)

    def test_format(self):
        """Scripts get JSON."""
        result = self.run_cli("rbac", "check", "github:ann", "app:read", "/b", "--format", "json")
        self.assertFalse(json.loads(result.stdout)["is_allowed"])

    def test_unknown_permission(self):
        """A misspelt permission is an error, which is no answer."""
        self.fails(
            "error: app:raed: no such permission; did you mean app:read?\n",
            *("rbac", "check", "jo", "app:raed", "/a"),
        )
        self.fails("error: app:*: expected one permission\n", "rbac", "check", "jo", "app:*", "/a")

    def test_who(self):
        """Everybody who may do something with an app is listed, with what and why."""
        result = self.run_cli("rbac", "who", "/a", "-f", "csv")
        self.assertEqual(
            result.stdout,
            "admin,admin,the administrator\n"
            "github:ann,app:access app:read,grant 1\n"
            'group:ops,admin,"grant 2 ""ops"""\n',
        )
        head, *rows = self.run_cli("rbac", "who", "/b").stdout.splitlines()
        self.assertEqual(head.split(), ["User", "Source", "Permissions"])
        self.assertEqual([row.split()[0] for row in rows], ["admin", "group:ops"])

    def test_who_of_no_app(self):
        """A path without an app is warned of: it may be misspelt."""
        told = "warning: no app is installed at /b\n"
        self.assertEqual(self.run_cli("rbac", "who", "/b").stderr, told)

    def test_off(self):
        """While roles are off that is told."""
        self.administration.authorisation.replace(Policy(), "admin")
        result = self.run_cli("rbac", "who", "/a")
        self.assertIn("warning: roles and grants are off", result.stderr)
