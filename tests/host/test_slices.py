"""Slices of time, and deadlines, of an app's code."""

import signal
import subprocess
import sys
import time

from twisted.trial.unittest import SynchronousTestCase

from clace.host.requests.slices import HASTE, DeadlinePassed, Slices
from clace.starlark import Module, compile_file, struct
from clace.starlark.values.locks import FROZEN, locks

LOOPS = """
def loop(n):
    total = 0
    for i in range(n):
        total += i
    return total

def nested(values):
    for a in values:
        for b in values:
            for c in values:
                str(c)

def ordered(n):
    return sorted(range(n), key = lambda v: -v)[0]

def misspelt(n):
    return struct(**{"field%d" % i: i for i in range(n)}).feild
"""


class SliceTests(SynchronousTestCase):
    def setUp(self):
        self.suspended = 0
        self.slices = Slices(self.suspend)
        self.slices.install()
        self.addCleanup(self.slices.end)
        known = {"struct": struct}
        self.module = Module(
            compile_file("app.star", LOOPS, predeclared=tuple(known)), predeclared=known
        )

    def suspend(self):
        self.suspended += 1

    def run_for(self, seconds, name, *arguments):
        self.slices.begin(time.monotonic() + seconds)
        try:
            return self.module.call(self.module[name], *arguments)
        finally:
            self.slices.end()

    def test_gives_way(self):
        """Code that computes for long lets others go on, and comes to its end."""
        self.assertEqual(self.run_for(60, "loop", 2_000_000), sum(range(2_000_000)))
        self.assertGreater(self.suspended, 1)

    def test_hurries(self):
        """While others wait for more than their turn, slices are short."""
        for hurries in (False, True):
            self.slices = Slices(self.suspend, lambda hurries=hurries: hurries)
            self.slices.install()
            self.slices.begin(time.monotonic() + 60)
            left, _ = signal.getitimer(signal.ITIMER_REAL)
            self.slices.end()
            self.assertEqual(left <= HASTE, hurries)
            self.suspended = 0
            self.run_for(60, "loop", 2_000_000)
            self.assertGreater(self.suspended, 1)

    def test_deadline(self):
        """A loop without a call ends at its deadline."""
        began = time.monotonic()
        self.assertRaises(DeadlinePassed, self.run_for, 0.05, "loop", 1 << 40)
        self.assertLess(time.monotonic() - began, 5)

    def test_quick(self):
        """Code that is quick is never interrupted."""
        self.assertEqual(self.run_for(60, "loop", 10), 45)
        self.assertEqual(self.suspended, 0)

    def test_key_functions(self):
        """A function that sorting calls can be interrupted, too."""
        self.assertRaises(DeadlinePassed, self.run_for, 0.02, "ordered", 2_000_000)

    def test_suggestions(self):
        """Looking for a name that was perhaps meant, among very many, can be interrupted, too."""
        began = time.monotonic()
        self.assertRaises(DeadlinePassed, self.run_for, 0.5, "misspelt", 300_000)
        self.assertLess(time.monotonic() - began, 5)

    def test_leaves_nothing_locked(self):
        """Wherever loops end, what they went over can be changed afterwards."""
        values = list(range(100))
        for number in range(200):
            self.assertRaises(DeadlinePassed, self.run_for, 0.001 + number * 1e-5, "nested", values)
            self.assertEqual([count for count in locks.values() if count < FROZEN], [])

    def test_paused(self):
        """Nothing is interrupted meanwhile, and the deadline holds again afterwards."""
        self.slices.begin(time.monotonic() + 0.02)
        deadline = self.slices.pause()
        self.module.call(self.module["loop"], 1_000_000)
        self.slices.resume(deadline)
        self.assertRaises(DeadlinePassed, self.module.call, self.module["loop"], 1 << 40)

    def test_too_late(self):
        """A signal that was under way when the time ended interrupts nothing."""
        self.slices.begin(time.monotonic() - 1)
        self.slices.end()
        signal.raise_signal(signal.SIGALRM)
        self.assertEqual(self.module.call(self.module["loop"], 1000), sum(range(1000)))

    def test_end_of_the_process(self):
        """A timer that is left does not end a process that is at its end."""
        code = (
            "import time\n"
            "from clace.host.requests.slices import own_slices\n"
            "class Late:\n"
            "    def __del__(self, sleep=time.sleep): sleep(0.05)\n"
            "late = Late()\n"
            "slices = own_slices()\n"
            "slices.begin(time.monotonic() + 60)\n"
            "slices.end()\n"
        )
        self.assertEqual(subprocess.run([sys.executable, "-c", code], check=False).returncode, 0)

    def test_timer_of_another(self):
        """Code that begins when the timer is about to fire has a slice of its own."""
        self.slices.begin(time.monotonic() + 60)
        self.slices.end()
        self.slices.begin(time.monotonic() + 60)
        signal.raise_signal(signal.SIGALRM)
        self.assertEqual(self.module.call(self.module["loop"], 10), 45)
        self.assertEqual(self.suspended, 0)
        self.module.call(self.module["loop"], 2_000_000)
        self.assertGreater(self.suspended, 1)

    def test_time_that_is_shorter(self):
        """A deadline before the timer fires is kept."""
        self.slices.begin(time.monotonic() + 60)
        self.slices.end()
        began = time.monotonic()
        self.assertRaises(DeadlinePassed, self.run_for, 0.002, "loop", 1 << 40)
        self.assertLess(time.monotonic() - began, 5)
