"""Tests for ``clace token``."""

import json

from twisted.trial.unittest import SynchronousTestCase

from clace.identity.tokens import is_token
from tests.support.command_line import CommandLineCase


class TokenTests(CommandLineCase, SynchronousTestCase):
    def create(self, *arguments):
        result = self.run_cli("token", "create", *arguments)
        self.assertEqual(result.exit_code, 0, result.stderr)
        return result

    def test_create(self):
        """The token alone is on stdout, for scripts; whose it is and until when on stderr."""
        result = self.create("--grant", "app:read", "--app", "/a", "--expires", "12h")
        self.assertTrue(is_token(result.stdout.removesuffix("\n")))
        self.assertRegex(
            result.stderr, r"\AToken tok_\w{12} of admin made, until 1970-01-01 12:00 UTC:\n\Z"
        )

    def test_warns_of_no_grant(self):
        """A token that can do nothing is probably not what was meant."""
        self.assertIn("warning: without --grant the token can do nothing", self.create().stderr)

    def test_list(self):
        """Tokens are listed without their texts, in the formats of other lists."""
        secret = self.create("-g", "app:read", "-g", "secret:read", "-a", "/a", "-d", "ci").stdout
        token_id = self.administration.tokens._rows.all()[0].id
        result = self.run_cli("token", "list", "-f", "csv")
        self.assertEqual(
            result.stdout,
            f"{token_id},admin,1970-01-31 00:00,never,/a,app:read secret:read,ci\n",
        )
        self.assertNotIn(secret.strip()[6:], result.stdout)
        (row,) = json.loads(self.run_cli("token", "list", "-f", "json").stdout)
        self.assertEqual(row["grants"], ["app:read", "secret:read"])
        head, shown = self.run_cli("token", "list").stdout.splitlines()
        self.assertEqual(head.split()[:3], ["Id", "User", "Expires"])
        self.assertIn("app:read secret:read", shown)

    def test_revoke(self):
        """A token ends by its id; one that is missing is an error."""
        self.create()
        token_id = self.administration.tokens._rows.all()[0].id
        self.prints(f"Token {token_id} revoked.\n", "token", "revoke", token_id)
        self.fails(f"error: there is no token {token_id}\n", "token", "revoke", token_id)

    def test_times(self):
        """A time is a number and a unit."""
        for text in ("30", "d", "-1d", "1y", "0d", "30d1h", "9999999999d"):
            result = self.run_cli("token", "create", "--expires", text)
            self.assertIn(f'expected a time such as 12h or 30d, not "{text}"', result.stderr)
            self.assertEqual(result.exit_code, 2)
        for text in ("60s", "1m", "2w", "366d"):
            self.create("--expires", text)
