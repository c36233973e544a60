import contextlib
import io

import click
from twisted.trial.unittest import SynchronousTestCase

from clace.cli.progress import Progress, tick
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


class TickTests(SynchronousTestCase):
    def told(self, times, *, is_live):
        """What is written about work that ends after so many pauses."""
        waits, written = iter([False] * times + [True]), []
        pauses, now = [], [0.0]

        def ended(pause):
            pauses.append(pause)
            now[0] += pause
            return next(waits)

        tick("Reload", ended, lambda: now[0], written.append, is_live=is_live)
        return written, pauses

    def test_quick(self):
        """What is quick is not told."""
        for is_live in (True, False):
            self.assertEqual(self.told(0, is_live=is_live)[0], [])

    def test_terminal(self):
        """On a terminal a line tells the seconds after two, and goes at the end."""
        written, pauses = self.told(2, is_live=True)
        self.assertEqual(written, ["\r  Reload: 2 s ", "\r  Reload: 3 s ", "\r\x1b[K"])
        self.assertEqual(pauses, [2, 1, 1])

    def test_plain(self):
        """Elsewhere each ten seconds are a line."""
        written, _ = self.told(2, is_live=False)
        self.assertEqual(written, ["Reload: 10 s, and goes on\n", "Reload: 20 s, and goes on\n"])


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
