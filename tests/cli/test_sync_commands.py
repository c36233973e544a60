"""``clace sync``: what is asked, and what is printed."""

import json

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SourceError
from tests.operations.house import House, app_star
from tests.support.administration_contract import NONE, RUNS
from tests.support.command_line import CommandLineCase

APPLIED = (
    "Created apps:\n      App: /a\n HTTP Url: http://localhost/a\n  Plugins :\n  Permissions:\n"
    "App created. No approval required\n"
    "1 app(s) created, 0 app(s) updated, 0 app(s) reloaded, 0 app(s) skipped, "
    "0 app(s) approved, 0 app(s) promoted.\n"
)
DRY = "\n*** dry-run mode, changes have NOT been committed. ***\n"


class SyncTests(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.house = House()
        self.administration = self.house.administration
        self.file = f"{self.home}/apps.ace"
        self.house.sources.put_folder("/src", {"app.star": app_star(NONE)})
        self.declare('app("/a", "/src")')

    def declare(self, text):
        self.house.sources.put_folder(str(self.home), {"apps.ace": text.encode()})

    def schedule(self, *options):
        return self.run_cli("sync", "schedule", *options, self.file)

    def scheduled(self, *options):
        """The id of a new sync."""
        result = self.schedule(*options)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return result.stdout.split()[-1]

    def entry(self):
        (found,) = json.loads(self.run_cli("sync", "list", "-f", "json").stdout)
        return found

    def test_schedule(self):
        """The lines of the first apply, and the id of the sync."""
        result = self.schedule()
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        entry = self.entry()
        self.assertEqual(result.stdout, f"{APPLIED}\nSync job created with Id: {entry['id']}\n")
        self.assertEqual(entry["path"], self.file)
        options = entry["metadata"]
        self.assertEqual((options["schedule_frequency"], options["reload"]), (15, "matched"))

    def test_approvals(self):
        """A run tells of a new app what holds for it: a sync without --approve approves nothing."""
        self.house.sources.put_folder("/runs", {"app.star": app_star(RUNS)})
        for options, told in (
            ((), "App created. Permissions need to be approved\nTo approve them: "),
            (("--approve",), "App created. Permissions have been approved\n"),
        ):
            self.declare('app("/a", "/src")')
            sync = self.scheduled(*options)
            path = f"/runs{len(options)}"
            self.declare(f'app("/a", "/src")\napp("{path}", "/runs")')
            result = self.run_cli("sync", "run", sync)
            self.assertEqual((result.stderr, result.exit_code), ("", 0))
            self.assertIn(told, result.stdout)

    def test_options(self):
        """Each option is kept for later runs; ``-s`` is the period, as in 2025."""
        self.scheduled("-s5", "--approve", "--promote", "--clobber", "--prune", "-f", "-rnone")
        options = self.entry()["metadata"]
        self.assertEqual(options["schedule_frequency"], 5)
        for name in ("approve", "promote", "clobber", "prune", "force_reload"):
            self.assertTrue(options[name], name)
        self.assertEqual(options["reload"], "none")

    def test_dry_run(self):
        """A dry run prints what would be applied, and no id."""
        result = self.schedule("--dry-run")
        self.assertEqual(result.stdout, APPLIED + DRY)
        self.prints("[]\n", "sync", "list", "-f", "json")

    def test_refused(self):
        """What the first run fails for is the error."""
        self.declare('app("/a", "/missing")')
        result = self.schedule()
        self.assertEqual((result.stdout, result.exit_code), ("", 1))
        self.assertIn("/missing", result.stderr)
        for minutes in ("-1", "x", "", "527041", "9" * 5000):
            refused = self.schedule("--minutes", minutes)
            self.assertEqual(refused.exit_code, 2)
            told = f'expected a number from 0 to 527040, not "{minutes:.40}"'
            self.assertIn(told, refused.stderr)

    def test_webhook(self):
        """A sync by webhook prints its token and URL, once; by time it runs only if asked to."""
        result = self.schedule("--webhook", "hmac", "--only-path", "a/**")
        sync_id, token, url = result.stdout.splitlines()[-3:]
        sync_id = sync_id.removeprefix("Sync job created with Id: ")
        self.assertRegex(token, r"\AToken: clace_hook_\w{49}\Z")
        self.assertEqual(url, f"Url  : https://localhost/sync?{sync_id}")
        row = self.run_cli("sync", "list").stdout.splitlines()[1]
        self.assertIn(f"{sync_id:<35} Enabled   Webhook      ", row)
        listed = self.run_cli("sync", "list", "-f", "json").stdout
        self.assertNotIn(token.split()[1], listed)
        self.scheduled("--webhook", "bearer", "--minutes", "60")
        self.assertIn("Enabled   60 (mins)", self.run_cli("sync", "list").stdout)
        self.assertEqual(self.schedule("--webhook", "x").exit_code, 2)
        refused = self.schedule("--only-path", "a/**")
        self.assertEqual(refused.exit_code, 2)
        self.assertIn("--only-path is for the pushes of a webhook, and needs", refused.stderr)

    def test_run(self):
        """A run prints the lines of an apply; a missing sync is an error."""
        sync_id = self.scheduled()
        result = self.run_cli("sync", "run", sync_id)
        self.assertTrue(result.stdout.startswith("Reloaded apps: /a_cl_stage\n"), result)
        self.assertIn(DRY, self.run_cli("sync", "run", "--dry-run", sync_id).stdout)
        self.fails("error: there is no sync cl_syn_x\n", "sync", "run", "cl_syn_x")

    def test_list(self):
        """State, kind and path as in 2025, then the last run, its commit, and why it failed."""
        sync_id = self.scheduled("--minutes", "5")
        head, row = self.run_cli("sync", "list").stdout.splitlines()
        self.assertEqual(" ".join(head.split()), "Id State SyncType Path LastRun Commit Error")
        told = f"{sync_id:<35} Enabled   5 (mins)     {self.file:<50} 2026-11-23 00:00:00"
        self.assertEqual(row, told)
        self.declare('app("/b", "/missing")')
        for state in ("Failing", "Failing", "Disabled"):
            self.failureResultOf(self.house.sync_runs.run(sync_id), SourceError)
            row = self.run_cli("sync", "list").stdout.splitlines()[1]
            self.assertIn(f"{sync_id:<35} {state:<9} 5 (mins)", row)
        self.assertIn("path does not exist /missing", row)

    def test_formats(self):
        """The table has options and the next run; csv the same without a header."""
        sync_id = self.scheduled("--minutes", "5", "--promote")
        head, row = self.run_cli("sync", "list", "-f", "table").stdout.splitlines()
        self.assertIn("SyncType     Reload   Promote Approve Clobber GitAuth", head)
        self.assertIn("matched  true    false   false", row)
        self.assertIn("2026-11-23 00:04:45", row)
        cells = self.run_cli("sync", "list", "-f", "csv").stdout.split(",")
        self.assertEqual(cells[:5], [sync_id, "Enabled", "5 (mins)", "matched", "true"])

    def test_running(self):
        """A sync that runs is shown so, with the time since when."""
        sync_id = self.scheduled("--minutes", "5")
        now = self.house.clock.seconds()
        self.house.sync_rows.claim(sync_id, "other", now, now + 30)
        row = self.run_cli("sync", "list").stdout.splitlines()[1]
        self.assertIn(f"{sync_id:<35} Running   5 (mins)", row)
        self.fails(
            f"error: sync {sync_id} is running since 2026-11-23 00:00:00\n",
            *("sync", "run", sync_id),
        )

    def test_delete(self):
        """A sync is ended by its id, and not by a dry run."""
        sync_id = self.scheduled()
        told = f"Sync job with Id {sync_id} deleted\n"
        self.prints(told + DRY, "sync", "delete", "--dry-run", sync_id)
        self.assertEqual(self.entry()["id"], sync_id)
        self.prints(told, "sync", "delete", sync_id)
        self.fails(f"error: there is no sync {sync_id}\n", "sync", "delete", sync_id)
