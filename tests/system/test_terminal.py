"""Deletions at a real terminal, where a person is asked."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import time

from tests.support.daemon import CLACE, EXAMPLES, ROOT
from tests.system.cases import DaemonTestCase


class TerminalTests(DaemonTestCase):
    def setUp(self):
        self.daemon = self.make_daemon().start()
        self.daemon.must("app", "create", str(EXAMPLES / "hello"), "/hello")

    def ask(self, *arguments):
        """A command whose question has been read from the terminal; gives it and the terminal."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        command = subprocess.Popen(
            [*CLACE, *arguments],
            cwd=ROOT,
            env=self.daemon.environment(),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self.addCleanup(command.wait, 30)
        self.read_until(ours, b": ")
        return command, ours

    def read_until(self, terminal, end, seconds=30):
        read, limit = b"", time.monotonic() + seconds
        while not read.endswith(end):
            self.assertLess(time.monotonic(), limit, read)
            if select.select([terminal], [], [], 1)[0]:
                read += os.read(terminal, 1000)
        return read

    def test_answers(self):
        """A yes deletes what was shown; a no leaves it."""
        for answer, status, left in ((b"n\n", 1, 1), (b"y\n", 0, 0)):
            command, terminal = self.ask("app", "delete", "/hello")
            os.write(terminal, answer)
            self.assertEqual(command.wait(30), status)
            listed = self.daemon.must("app", "list", "--format", "jsonl")
            self.assertEqual(len(listed.splitlines()), left)

    def test_interrupt(self):
        """Ctrl-C at the question ends the command at once, and nothing is deleted."""
        command, _ = self.ask("app", "delete", "all")
        # One that comes between the question and the reading of the answer is not noticed.
        for _ in range(10):
            command.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                command.wait(1)
                break
        self.assertEqual(command.poll(), 1)
        self.assertIn("/hello", self.daemon.must("app", "list"))
