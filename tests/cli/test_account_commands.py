"""``clace account``: what is asked of the server, and what is printed."""

from __future__ import annotations

from tests.cli.test_app_commands import DRY_RUN, PROD, STAGING, AppCase


class AccountTests(AppCase):
    def account(self, *arguments):
        result = self.run_cli("account", *arguments)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return result.stdout

    def test_link(self):
        """Each app that was linked is told, and how many."""
        self.create()
        self.assertEqual(
            self.account("link", "http.in", "work", "all"),
            "Linked app /disk_cl_stage\n1 app(s) linked, 0 app(s) promoted.\n",
        )
        self.assertEqual(
            self.account("link", "--promote", "http.in", "-", "all"),
            "Linked app /disk_cl_stage\nPromoted apps: /disk\n"
            "1 app(s) linked, 1 app(s) promoted.\n",
        )
        dry = self.account("link", "--dry-run", "http.in", "work", "all")
        self.assertTrue(dry.endswith(DRY_RUN))

    def test_link_to_nothing(self):
        """An account that there is not is refused."""
        result = self.run_cli("account", "link", "http.in", "none", "all")
        self.assertEqual(
            (result.stderr, result.exit_code),
            ('error: there is no section [plugin."http.in#none"] in the configuration\n', 1),
        )

    def test_list(self):
        """The links of one app are listed, or that there are none."""
        self.create()
        self.account("link", "http.in", "work", "all")
        self.assertEqual(
            self.account("list", "/disk"), f"No account links for app /disk : {PROD}\n"
        )
        self.assertEqual(
            self.account("list", "/disk_cl_stage"),
            f"Account links for app /disk_cl_stage : {STAGING}\n  http.in: work\n",
        )
