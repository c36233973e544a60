"""``clace preview``: what is asked, and what is printed."""

from twisted.trial.unittest import SynchronousTestCase

from tests.operations.house import House, app_star
from tests.operations.test_administration import GIT
from tests.support.administration_contract import NONE, RUNS
from tests.support.command_line import CommandLineCase


class PreviewTests(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.house = House()
        self.administration = self.house.administration
        self.put("one")
        self.successResultOf(self.house.create("/a", GIT))
        self.commit = self.put("two")

    def put(self, body, demands=NONE):
        return self.house.sources.put_commit(GIT, {"app.star": app_star(demands, body)})

    def test_created(self):
        """Where it is, and when it ends."""
        result = self.run_cli("preview", "create", "--expires", "2d", self.commit, "/a")
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        lines = result.stdout.splitlines()
        self.assertTrue(
            lines[0].startswith(f"App audit results /a_cl_preview_{self.commit} - app_pre_")
        )
        self.assertEqual(lines[1:3], ["  Plugins :", "  Permissions:"])
        self.assertEqual(lines[3], "App creation succeeded. No approval required")
        self.assertEqual(lines[4], f" HTTP Url: http://localhost/a_cl_preview_{self.commit}")
        self.assertEqual(lines[5], "  Expires: 2026-11-25 00:00")

    def test_needs_approval(self):
        """Without approval nothing is created, and the status says so."""
        commit = self.put("three", RUNS)
        result = self.run_cli("preview", "create", commit, "/a")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("error: preview app creation failed\n", result.stderr)
        told = "App creation failed, permissions need to be approved, add the --approve option"
        self.assertEqual(result.stdout.splitlines()[-1], told)
        result = self.run_cli("preview", "create", "--approve", commit, "/a")
        self.assertIn("App creation succeeded. Permissions have been approved", result.stdout)

    def test_list_and_delete(self):
        """Previews are listed, and deleted by their revision."""
        self.run_cli("preview", "create", self.commit, "/a")
        lines = self.run_cli("preview", "list").stdout.splitlines()
        columns = ["AppPath", "Branch", "GitCommit", "CreateTime", "ExpireTime"]
        self.assertEqual(lines[0].split(), columns)
        self.assertIn(self.commit[:20], lines[1])
        self.prints(
            f"Deleted /a_cl_preview_{self.commit}\n", "preview", "delete", self.commit, "/a"
        )
        self.fails(
            f"error: app /a has no preview of {self.commit}\n",
            *("preview", "delete", self.commit, "/a"),
        )
        result = self.run_cli("preview", "list", "/a")
        self.assertIn("no preview matches /a", result.stderr)

    def test_wrong_time(self):
        """A time without a unit cannot be meant, nor an empty one: it would never end."""
        for text in ("5", ""):
            result = self.run_cli("preview", "create", "--expires", text, self.commit, "/a")
            self.assertEqual(result.exit_code, 2)
            self.assertIn("expected a time such as 12h or 30d", result.stderr)
