"""``clace app-webhook``: what is asked, and what is printed."""

import json

from twisted.trial.unittest import SynchronousTestCase

from clace.model.pushes import Push
from tests.operations.house import House, app_star
from tests.operations.test_administration import GIT
from tests.support.administration_contract import NONE
from tests.support.command_line import CommandLineCase

DRY = "\n*** dry-run mode, changes have NOT been committed. ***\n"


class WebhookTests(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.house = House()
        self.administration = self.house.administration
        self.house.sources.put_commit(GIT, {"app.star": app_star(NONE)})
        self.successResultOf(self.house.create("/a", GIT))
        self.house.deliveries.startService()

    def create(self, *arguments):
        result = self.run_cli("app-webhook", "create", *arguments)
        self.assertEqual(result.exit_code, 0, result.stderr)
        return result

    def test_create(self):
        """The token and the URL, as in 2025."""
        result = self.create("reload", "/a")
        token, url = result.stdout.splitlines()
        self.assertRegex(token, r"\AToken: clace_hook_\w{49}\Z")
        self.assertEqual(url, "Url  : https://localhost/reload?/a")
        self.assertEqual(result.stderr, "")
        self.assertEqual(
            self.create("reload", "/a").stderr,
            "warning: the reload webhook of before does not work any more\n",
        )

    def test_dry_run(self):
        """A dry run prints the URL, and makes nothing."""
        result = self.create("--dry-run", "reload", "/a")
        self.assertEqual(result.stdout, "Url  : https://localhost/reload?/a\n" + DRY)
        self.prints("[]\n", "app-webhook", "list", "/a", "-f", "json")

    def test_refused(self):
        """Unknown types and apps."""
        told = "error: unknown webhook type sync, expected reload, reload_promote, promote\n"
        self.fails(told, "app-webhook", "create", "sync", "/a")
        self.fails("error: app not found: /b\n", "app-webhook", "create", "reload", "/b")

    def test_list(self):
        """Types, how the token is kept, URLs, and what came of the last call; no token."""
        token = self.create("promote", "/a").stdout.split()[1]
        self.create("--hmac", "-b", "main", "-b", "rel/*", "--only-path", "a/**", "reload", "/a")
        head, promote, reload = self.run_cli("app-webhook", "list", "/a").stdout.splitlines()
        self.assertEqual(head.split(), ["Type", "Token", "Url", "LastCall", "Outcome"])
        proof = f"{'bearer token, kept as a digest':<40}"
        url = "https://localhost/promote?/a"
        self.assertEqual(promote, f"promote         {proof} {url:<60} never")
        self.assertIn(f"{'secret for signatures, kept sealed':<40}", reload)
        listed = self.run_cli("app-webhook", "list", "/a", "-f", "json").stdout
        self.assertNotIn(token, listed)
        self.assertEqual(json.loads(listed)[1]["branches"], ["main", "rel/*"])
        (_, _, row) = self.run_cli("app-webhook", "list", "/a", "-f", "table").stdout.splitlines()
        self.assertIn("main rel/*           a/**", row)
        cells = self.run_cli("app-webhook", "list", "/a", "-f", "csv").stdout.split(",")
        self.assertEqual(cells[0], "promote")

    def test_last_call(self):
        """The state of the last call is shown, with what was done."""
        self.create("promote", "/a")
        (webhook,) = self.house.webhook_rows._rows.values()
        self.successResultOf(self.house.deliveries.accept(webhook, Push(), "id 1"))
        (_, row) = self.run_cli("app-webhook", "list", "/a").stdout.splitlines()
        self.assertTrue(row.endswith("2026-11-23 00:00:00 done: 0 app(s) promoted"), row)

    def test_delete(self):
        """A webhook ends; one that is missing is an error."""
        self.create("reload", "/a")
        self.prints("Token deleted.\n" + DRY, "app-webhook", "delete", "--dry-run", "reload", "/a")
        self.prints("Token deleted.\n", "app-webhook", "delete", "reload", "/a")
        self.fails("error: app /a has no reload webhook\n", "app-webhook", "delete", "reload", "/a")
