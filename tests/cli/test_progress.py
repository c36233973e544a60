import contextlib
import io
import json

import click
from twisted.trial.unittest import SynchronousTestCase

from clace.cli.progress import LongWork, Progress, line_of_work
from clace.telling import WorkStep, listener
from tests.support.command_line import CommandLineCase


class InterruptedTests(CommandLineCase, SynchronousTestCase):
    def ask(self, target, operation):
        raise click.Abort

    def test_changes(self):
        """Who interrupts a change is told that the server goes on with it."""
        for command in (("app", "reload", "all"), ("app", "promote", "all")):
            result = self.run_cli(*command)
            self.assertEqual(result.exit_code, 1)
            self.assertEqual(
                result.stderr,
                "error: interrupted; the server goes on with it, and `clace audit list` tells how"
                " it ended\n",
            )

    def test_others(self):
        """Of what only reads, and of dry runs, nothing goes on that matters."""
        for command in (("app", "list"), ("app", "reload", "--dry-run", "all")):
            self.assertEqual(self.run_cli(*command).stderr, "error: interrupted\n")


class LongWorkTests(SynchronousTestCase):
    """Work with a clock of its own, written to a list."""

    def setUp(self):
        self.now, self.written, self.pauses = 0.0, [], []

    def work(self, *, is_live):
        return LongWork("Reload", lambda: self.now, self.written.append, is_live=is_live)

    def tick(self, work, times, meanwhile=lambda: None):
        """Let the work end after so many pauses; ``meanwhile`` comes before each next one."""
        waits = iter([False] * times + [True])

        def ended(pause):
            if self.pauses:
                meanwhile()
            self.pauses.append(pause)
            self.now += pause
            return next(waits)

        work.tick(ended)
        return self.written

    def test_quick(self):
        """What is quick is not told, and neither are its steps."""
        for is_live in (True, False):
            work = self.work(is_live=is_live)
            work.step(WorkStep("/x: load"))
            self.now += 1
            work.step(WorkStep("/x: load", has_ended=True))
            self.assertEqual(self.tick(work, 0), [])

    def test_terminal(self):
        """On a terminal a line tells the seconds after two, and goes at the end."""
        written = self.tick(self.work(is_live=True), 2)
        self.assertEqual(written, ["\r\x1b[K  Reload: 2 s ", "\r\x1b[K  Reload: 3 s ", "\r\x1b[K"])
        self.assertEqual(self.pauses, [2, 1, 1])

    def test_plain(self):
        """Elsewhere each ten seconds are a line."""
        written = self.tick(self.work(is_live=False), 2)
        self.assertEqual(written, ["Reload: 10 s, and goes on\n", "Reload: 20 s, and goes on\n"])

    def test_steps(self):
        """The step that goes on is told, and how long those took that have ended, but not of those
        that were over at once; what they are called drives no terminal.
        """
        work = self.work(is_live=False)
        work.step(WorkStep("/x: fetch\x1b[2J"))
        work.step(WorkStep("/y: fetch"))
        work.step(WorkStep("/y: fetch", has_ended=True))
        self.now += 1.5
        work.step(WorkStep("/x: fetch\x1b[2J", has_ended=True))
        work.step(WorkStep("/x: load"))
        written = self.tick(work, 2, lambda: work.step(WorkStep("/x: load", has_ended=True)))
        self.assertEqual(
            written,
            [
                "/x: fetch\\x1b[2J: 1.5 s\n",
                "Reload (/x: load): 12 s, and goes on\n",
                "/x: load: 10.0 s\n",
                "Reload: 22 s, and goes on\n",
            ],
        )


class LineTests(CommandLineCase, SynchronousTestCase):
    """Lines about work, as the server tells them."""

    def test_shown(self):
        """On a terminal they take the place of the time; what is in them drives no terminal."""
        for is_live, expected in ((True, "\r\x1b[K  a\\x1b[2Jb\n"), (False, "a\\x1b[2Jb\n")):
            self.assertEqual(line_of_work("a\x1b[2Jb", is_live=is_live), expected)

    def ask(self, target, operation):
        listener()("/x: one")
        return super().ask(target, operation)

    def test_command(self):
        """A command writes them to stderr, and its result to stdout."""
        result = self.run_cli("app", "list", "--format", "json")
        self.assertEqual(result.stderr, "/x: one\n")
        self.assertEqual(json.loads(result.stdout), [])


class ProgressTests(SynchronousTestCase):
    def told(self, *, is_live):
        now = iter(range(100))
        outside = type("Outside", (), {"seconds": lambda _self: float(next(now))})()
        stderr = io.StringIO()

        with contextlib.redirect_stderr(stderr), Progress(outside, is_live=is_live) as progress:
            progress.step("one")
            progress.step("two")
        return stderr.getvalue()

    def test_plain(self):
        """Where nobody looks on, each step is a line of its own, with its duration."""
        self.assertEqual(self.told(is_live=False), "one: 1.0 s\ntwo: 1.0 s\n")

    def test_terminal(self):
        """On a terminal a step is there while it goes on."""
        told = self.told(is_live=True)
        self.assertTrue(told.startswith("  one ...\r  one: 1.0 s"), told)
