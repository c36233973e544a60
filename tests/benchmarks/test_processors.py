"""Processor time from ``/proc``."""

import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.processors import TICK, of_process, of_stat, spent

STAT = "42 ({name}) S 1 42 42 0 -1 4194304 100 0 0 0 {own} 5 {waited} 7 20 0 3 0 900 1 2 3"


class StatTests(SynchronousTestCase):
    def test_adds_user_and_system_time(self):
        """User and system time count, and those of children that were waited for if wanted."""
        text = STAT.format(name="clace", own=10, waited=20)
        self.assertEqual(of_stat(text) * TICK, 42)
        self.assertEqual(of_stat(text, waited=False) * TICK, 15)

    def test_any_name(self):
        """A process may be named as if its name were the rest of the line."""
        text = STAT.format(name=") S 1 1 1 (x", own=10, waited=20)
        self.assertEqual(of_stat(text, waited=False) * TICK, 15)


class ProcessTests(SynchronousTestCase):
    def test_what_children_spent_stays(self):
        """The time of a child that has ended is not lost from the tree's."""
        before = spent(os.getpid())
        busy = "import time\nwhile time.process_time() < 0.2: pass"
        subprocess.run([sys.executable, "-S", "-c", busy], check=True)
        self.assertGreaterEqual(spent(os.getpid()) - before, 0.15)

    def test_process_that_is_gone(self):
        """A process that has ended meanwhile spent nothing, and is no error."""
        with subprocess.Popen([sys.executable, "-S", "-c", ""]) as process:
            process.wait()
        self.assertEqual(of_process(process.pid), 0)
