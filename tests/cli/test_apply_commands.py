"""``clace apply`` and ``clace plan``: what is asked, and what is printed."""

import json

from twisted.trial.unittest import SynchronousTestCase

from clace.cli.apply_commands import located
from tests.operations.house import House, app_star
from tests.support.administration_contract import NONE, RUNS
from tests.support.command_line import CommandLineCase

NOTHING = (
    "0 app(s) created, 0 app(s) updated, 0 app(s) reloaded, 0 app(s) skipped, "
    "0 app(s) approved, 0 app(s) promoted.\n"
)
DRY = "\n*** dry-run mode, changes have NOT been committed. ***\n"


class ApplyTests(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.house = House()
        self.administration = self.house.administration
        self.put("one")
        self.file = f"{self.home}/apps.ace"
        self.declare('app("/a", "/src")')

    def put(self, body, demands=NONE):
        params = b'param("size", default = "1")\n'
        files = {"app.star": app_star(demands, body), "params.star": params}
        self.house.sources.put_folder("/src", files)

    def declare(self, text):
        self.house.sources.put_folder(str(self.home), {"apps.ace": text.encode()})

    def test_created(self):
        """The apps that were created, one by one, and how many."""
        self.declare('app("/a", "/src")\napp("/b", "/src")')
        result = self.run_cli("apply", self.file)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        self.assertTrue(result.stdout.startswith("Created apps:\n      App: /a\n"))
        self.assertIn("App created. No approval required\n\n      App: /b\n", result.stdout)
        self.assertIn("2 app(s) created, 0 app(s) updated", result.stdout)
        self.prints(NOTHING, "apply", "--reload", "none", self.file)

    def test_export_of_nothing(self):
        """An export without an app says so, wherever it is written."""
        self.run_cli("apply", self.file)
        self.assertEqual(self.run_cli("export", "/a").stderr, "")
        out = f"{self.mktemp()}.ace"
        for arguments in (("/x*",), ("/x*", "-o", out)):
            result = self.run_cli("export", *arguments)
            self.assertEqual(result.exit_code, 0)
            self.assertEqual(result.stderr, "warning: no app of /x* is exported\n")

    def test_mode(self):
        """A file in the place of the mode of --reload is told so, and nothing is done."""
        result = self.run_cli("apply", "--reload", self.file)
        self.assertEqual((result.stdout, result.exit_code), ("", 2))
        told = f'error: invalid mode "{self.file}" of --reload: valid ones are '
        self.assertTrue(result.stderr.startswith(told), result.stderr)

    def test_updated(self):
        """What was updated, reloaded, approved and promoted."""
        self.run_cli("apply", self.file)
        self.put("two", RUNS)
        self.declare('app("/a", "/src", params={"size": "2"})')
        result = self.run_cli("apply", "--approve", "--promote", self.file, "/a")
        self.assertEqual(result.exit_code, 0)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], "Updated apps: /a_cl_stage")
        self.assertEqual(lines[1], "Reloaded apps: /a_cl_stage")
        self.assertEqual(lines[2], "Approved apps:")
        self.assertEqual(lines[-2], "Promoted apps: /a")
        self.assertIn("1 app(s) updated, 1 app(s) reloaded, 0 app(s) skipped", lines[-1])
        self.assertIn("1 app(s) approved, 1 app(s) promoted.", lines[-1])

    def test_plan(self):
        """A line for each value that would change; the status tells whether there is one."""
        self.declare('app("/a", "/src", auth="none", params={"size": "1"})')
        result = self.run_cli("plan", self.file)
        self.assertEqual(result.exit_code, 10)
        lines = ("+ /a", "    + source: /src", "    ~ auth: default to none", "    + name: Named")
        self.assertEqual(tuple(result.stdout.splitlines()[:4]), lines)
        self.assertIn("    + param size: 1\n1 app(s) to create, 0 app(s)", result.stdout)
        self.run_cli("apply", self.file)
        self.prints(f"0 app(s) to create, 0 app(s) to update.\n{DRY}", "plan", self.file)
        self.declare(
            'app("/a", "/src", params={"size": "2"}, app_config={"sandbox.max_waiting": 9})'
        )
        result = self.run_cli("plan", self.file)
        self.assertEqual(result.exit_code, 10)
        changed = (
            "~ /a_cl_stage\n    ~ auth: none to default\n    ~ param size: 1 to 2\n"
            "    + config sandbox.max_waiting: 9\n0 app(s) to create, 1 app(s) to update.\n"
        )
        self.assertEqual(result.stdout, changed + DRY)
        found = json.loads(self.run_cli("plan", "--format", "json", self.file).stdout)
        values = [value for each in found["changes"] for value in each["values"]]
        size = {"kind": "param", "name": "size", "old": "1", "new": "2", "hidden": False}
        self.assertIn(size, values)
        changed = [name for each in found["changes"] for name in each["changed"]]
        self.assertIn("param size", changed)

    def test_plan_hides_secrets(self):
        """The value of a param that is named like a secret is not printed, a reference is."""
        params = b'param("api_token", default = "")\n'
        files = {"app.star": app_star(NONE, "one"), "params.star": params}
        self.house.sources.put_folder("/src", files)
        self.declare('app("/a", "/src", params={"api_token": "hunter2"})')
        result = self.run_cli("plan", self.file)
        self.assertIn("    ~ param api_token (hidden)\n", result.stdout)
        self.assertNotIn("hunter2", result.stdout)
        self.declare("""app("/a", "/src", params={"api_token": '{{secret "a"}}'})""")
        self.assertIn('+ param api_token: {{secret "a"}}\n', self.run_cli("plan", self.file).stdout)

    def test_drift_takes_no_options_of_files(self):
        """Options about FILE are refused with --server, which would do nothing with them."""
        for option in ("--branch=x", "--commit=x", "--git-auth=x", "--prune", "--clobber"):
            result = self.run_cli("plan", "--server", option)
            self.assertEqual((result.exit_code, result.stdout), (2, ""))
            name = option.partition("=")[0]
            self.assertIn(f"{name} is for FILE and cannot go with --server.", result.stderr)

    def test_prune(self):
        """Apps that the file no longer declares are listed, and deleted after a yes."""
        self.declare('app("/a", "/src")\napp("/b", "/src")')
        self.run_cli("apply", self.file)
        self.declare('app("/a", "/src")')
        result = self.run_cli("plan", "--prune", self.file)
        lines = "- /b\n0 app(s) to create, 0 app(s) to update, 1 app(s) to delete.\n"
        self.assertEqual((result.stdout, result.exit_code), (lines + DRY, 10))
        told = "--prune would delete /b: add --yes, as nobody can be asked"
        self.fails(f"error: {told}\n", "apply", "--prune", self.file)
        self.terminal = True
        result = self.run_cli("apply", "--prune", self.file, typed="n\n")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertIn("  /b\nDelete 1 app(s) that FILE no longer declares?", result.stderr)
        result = self.run_cli("apply", "--prune", self.file, typed="y\n")
        self.assertEqual(result.exit_code, 0)
        self.assertIn("Pruned apps: /b\n", result.stdout)
        self.assertIn("1 app(s) pruned; their data is kept for 7 days.\n", result.stdout)
        self.prints(NOTHING, "apply", "--reload", "none", "--prune", "--yes", self.file)

    def test_failures(self):
        """A file that is missing or wrong is told with its place."""
        self.fails(
            f"error: no matching files found in {self.home}/x.ace\n",
            *("apply", f"{self.home}/x.ace"),
        )
        self.assertEqual(located("/x.ace"), "/x.ace")
        self.fails("error: path does not exist /nowhere\n", "apply", "/nowhere/x.ace")
        self.declare("app()")
        result = self.run_cli("apply", self.file)
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertIn("apps.ace:1:4: ", result.stderr)
