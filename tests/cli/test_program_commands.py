"""``clace app logs|stop|start|restart|exec``: asked, and printed."""

from twisted.trial.unittest import SynchronousTestCase

from tests.operations.house import House, app_star
from tests.support.administration_contract import NONE
from tests.support.command_line import CommandLineCase

PROGRAM = b"""
load("process.in", "process")
load("proxy.in", "proxy")

app = ace.app("Program",
    container = process.config(port = 8000),
    routes = [ace.proxy("/", proxy.config(process.URL))],
    permissions = [ace.permission("process.in", "config"), ace.permission("proxy.in", "config")])
"""


class ProgramCase(CommandLineCase, SynchronousTestCase):
    """``/a`` has a program, and ``/b`` has none."""

    def setUp(self):
        super().setUp()
        self.house = House()
        self.administration = self.house.administration
        self.engine = self.house.engine
        self.house.sources.put_folder("/with", {"app.star": PROGRAM, "app.py": b"1"})
        self.house.sources.put_folder("/without", {"app.star": app_star(NONE)})
        self.successResultOf(self.house.create("/a", "/with", approve=True))
        self.successResultOf(self.house.create("/b", "/without", approve=True))

    def done(self, *arguments):
        """What was printed; what is built meanwhile may be told beside it."""
        result = self.run_cli(*arguments)
        others = [line for line in result.stderr.splitlines() if line != "/a: building"]
        self.assertEqual((others, result.exit_code), ([], 0))
        return result.stdout

    def refused(self, *arguments, status=1):
        result = self.run_cli(*arguments)
        self.assertEqual((result.stdout, result.exit_code), ("", status))
        return result.stderr


class ControlTests(ProgramCase):
    def pins(self):
        apps = self.successResultOf(self.house.store.apps())
        return [app.metadata.pins for app in apps if str(app).startswith("/a")]

    def test_installed(self):
        """To install an app starts its program, and keeps what fixes that with both versions."""
        self.assertEqual(self.engine.running, [1])
        self.assertEqual(self.pins(), [{"lock": "flask==3"}] * 2)

    def test_stop_and_start(self):
        """An app stays stopped until it is started."""
        self.assertEqual(self.done("app", "stop", "/a"), "App /a is stopped\n")
        self.assertEqual(self.engine.running, [])
        self.assertEqual(self.done("app", "start", "/a"), "App /a is running\n")
        self.assertEqual(self.engine.running, [2])

    def test_restart(self):
        """A restart is another run of the same program."""
        self.assertEqual(self.done("app", "restart", "/a"), "App /a is running\n")
        self.assertEqual(self.engine.running, [2])

    def test_does_not_start(self):
        """A program that does not start is told with its last lines, and the exit status is 1."""
        self.done("app", "stop", "/a")
        self.engine.make = lambda one: (one.log(b"no module\n"), one.end(4))
        told = self.refused("app", "start", "/a")
        self.assertEqual(told, "error: the program of /a ended with 4\n  no module\n")

    def test_without_program(self):
        """An app that has none is told so, and so is one that is not there."""
        for command in (("stop",), ("start",), ("restart",), ("logs",), ("exec", "--", "ls")):
            name, *more = command
            told = self.refused("app", name, "/b", *more)
            self.assertIn("app /b has no program of its own", told)
            self.assertEqual("clace.json" in told, name == "logs")
            self.refused("app", name, "/nowhere", *more)

    def test_promoted(self):
        """Production gets what fixes the program of the staging app."""
        self.house.sources.put_folder("/with", {"app.star": PROGRAM, "app.py": b"2"})
        self.engine.pins = {"lock": "flask==4"}
        self.done("app", "reload", "--promote", "/a")
        self.assertEqual(self.pins(), [{"lock": "flask==4"}] * 2)
        orders = [(str(one.app), one.app.metadata.pins) for one in self.engine.prepared[-2:]]
        staging = ("/a_cl_stage", {"lock": "flask==3"})
        self.assertEqual(orders, [staging, ("/a", {"lock": "flask==4"})])


class OptionTests(ProgramCase):
    def test_not_approved(self):
        """An option that opens the wall says what has to be approved, and how."""
        copt = ("app", "update-metadata", "copt")
        told = self.run_cli(*copt, "network=db:5432", "/a").stderr
        self.assertIn("app /a needs approval: process.in.network [db:5432]", told)
        self.assertIn("to approve it: clace app approve /a\n", told)
        self.done("app", "approve", "/a")
        self.done(*copt, "network=-", "/a")


class LogTests(ProgramCase):
    def setUp(self):
        super().setUp()
        self.engine.started[0].log(b"DEBUG one\n[ERROR] two\nthree\n")

    def test_lines(self):
        """All lines are printed with their times, those of the server among them."""
        lines = self.done("app", "logs", "/a").splitlines()
        self.assertIn("clace: ready", lines[-4])
        self.assertEqual(lines[-1], "2026-11-23T00:00:00.000Z three")

    def test_chosen(self):
        """Lines are chosen by level, by time, and by number."""
        self.assertEqual(self.done("app", "logs", "-n", "1", "/a").count("\n"), 1)
        graver = self.done("app", "logs", "--level", "warn", "/a")
        self.assertEqual(graver, "2026-11-23T00:00:00.000Z [ERROR] two\n")
        self.assertNotIn("DEBUG", self.done("app", "logs", "--level", "info", "/a"))
        self.assertEqual(self.done("app", "logs", "--since", "2026-11-24T00:00:00Z", "/a"), "")
        self.assertIn("three", self.done("app", "logs", "--since", "2026-11-22T00:00:00Z", "/a"))

    def test_since(self):
        """A time may be written in all ways of ISO 8601, and of another zone than UTC."""
        for since, is_wanted in (
            ("2026-11-23", True),
            ("2026-11-23 00:00", True),
            ("2026-11-23 00:01", False),
            ("2026-11-23T00:30:00+01:00", True),
            ("2026-11-22T23:30:00-01:00", False),
        ):
            found = self.done("app", "logs", "--since", since, "/a")
            self.assertEqual("three" in found, is_wanted, since)

    def test_refused(self):
        """A level, a number or a time that means nothing is refused."""
        for arguments, told in (
            (("--level", "loud"), "expected one of debug, info, warn, error"),
            (("-n", "0"), "expected a number from 1 to 100000"),
            (("-n", "9" * 5000), "expected a number from 1 to 100000"),
            (("--since", "2026-13-01"), "expected a time such as"),
        ):
            self.assertIn(told, self.refused("app", "logs", *arguments, "/a"))
        self.assertIn("expected a time such as 12h", self.refused(*SINCE, "/a", status=2))

    def test_terminal(self):
        """What a program writes cannot steer the terminal."""
        self.engine.started[0].log(b"a\x1b[2Jb\n")
        self.assertIn("a\\x1b[2Jb", self.done("app", "logs", "-n", "1", "/a"))


SINCE = ("app", "logs", "--since", "yesterday")


class ExecTests(ProgramCase):
    def test_output_and_status(self):
        """A command's output is printed, its errors too, and its exit status is that of ours."""
        result = self.run_cli("app", "exec", "/a", "--", "ls", "-l")
        self.assertEqual((result.stdout, result.stderr), ("ran\nsorry\n", ""))
        self.assertEqual(result.exit_code, 3)
        self.assertEqual(self.engine.commands, [("ls", "-l")])

    def test_options_of_the_command(self):
        """An option that is not ours is told with where to write it; nothing is run."""
        told = self.refused("app", "exec", "/a", "ls", "-l", status=2)
        self.assertTrue(
            told.startswith(
                "error: No such option '-l'; if it is COMMAND's, write -- before COMMAND\n"
            ),
            told,
        )
        self.assertEqual(self.engine.commands, [])

    def test_not_run(self):
        """A command that cannot be started is named, once."""
        for reason, told in (
            ("cannot start nosuch: not found", "cannot start nosuch: not found"),
            ("its supervisor ended", "nosuch: its supervisor ended"),
        ):
            self.engine.failure = reason
            said = self.refused("app", "exec", "/a", "--", "nosuch")
            self.assertEqual(said, f"error: {told}\n")
