"""Programs interrupted by a timer signal, wherever they are."""

import signal
import sys
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from clace.starlark import EvalError, Interrupt, Module, compile_file, may_interrupt
from clace.starlark.values.locks import FROZEN, locks

PROGRAM = """
table = {"k%d" % n: [n] for n in range(20)}

def work(n):
    out = []
    for key in table:
        for item in table[key]:
            out.append("%s=%d" % (key, item))
    mine = {"a": 1, "b": [2]}
    for key in mine:
        for x in mine["b"]:
            out.extend([str(x) for y in mine for z in [y]])
    parts = sorted(out, key = lambda s: len(s))
    best = max(parts, key = lambda s: s.upper())
    return [p.replace("=", "-") for p in parts if p != best]

def forever():
    while True:
        work(3)
"""
ROUNDS = 400


class Struck(Interrupt):
    """The timer struck."""


class TimerTests(SynchronousTestCase):
    def setUp(self):
        """Raise in the program when the timer strikes, or a little later if it may not be then."""
        before = signal.signal(signal.SIGALRM, self.struck)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)

    def struck(self, _number, frame):
        if may_interrupt(frame):
            raise Struck
        signal.setitimer(signal.ITIMER_REAL, 0.00005)

    def test_leaves_nothing_locked(self):
        """Hundreds of interruptions at random moments leave every value as it was."""
        module = Module(compile_file("app.star", PROGRAM))
        before = dict(locks)
        expected = module.call(module["work"], 1)
        random = Random(7)
        for _ in range(ROUNDS):
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.003))
            self.assertRaises(Struck, module.call, module["forever"])
            self.assertEqual(
                {key: count for key, count in locks.items() if count < FROZEN},
                {key: count for key, count in before.items() if count < FROZEN},
            )
        self.assertEqual(module.call(module["work"], 1), expected)

    def test_programs_cannot_go_on(self):
        """An interruption is no error of the program: nothing in it stands in the way."""
        source = "def f():\n    for x in [1]:\n        while True:\n            pass\n"
        module = Module(compile_file("app.star", source))
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        self.assertRaises(Struck, module.call, module["f"])

    def test_frames_of_others(self):
        """A frame that is neither a program's nor a helper's is not interrupted."""
        self.assertFalse(may_interrupt(sys._getframe()))
        self.assertFalse(may_interrupt(None))


class LimitTests(SynchronousTestCase):
    def test_memory(self):
        """An operation that would make too much is an error, and takes no time."""
        for expression in (
            "[0] * (1 << 40)",
            '"a" * (1 << 40)',
            'b"a" * (1 << 40)',
            "(0,) * (1 << 40)",
            "1 << (1 << 20)",
            "list(range(1 << 40))",
            "sorted(range(1 << 40))",
            "[1] + list(range(1 << 30))",
            '"".join(["a" * (1 << 20)] * 1000)',
            '("a" * (1 << 20)).replace("a", "b" * 1000)',
            '"%s" % ("a" * (1 << 26)) * 100',
            "enumerate(range(1 << 40))",
            "reversed(range(1 << 40))",
            "set(range(1 << 40))",
            "tuple(range(1 << 40))",
            "zip(range(1 << 40), range(1 << 40))",
            "max(range(1 << 40))",
            "dict(zip(range(1 << 40), range(1 << 40)))",
            "bytes(range(1 << 40))",
            "[x for x in [range(1 << 40)] if (1 << 40) in x][0] + 1",
            "all(range(1, 1 << 40))",
        ):
            program = compile_file("app.star", f"x = {expression}\n")
            self.assertRaises(EvalError, Module, program)

    def test_long_ranges(self):
        """A range is refused where all of its numbers would be made, with no memory for any."""
        for statement in (
            "[].extend(range(1 << 31))",
            "x = set().union(range(1 << 31))",
            "x = set().symmetric_difference(range(1 << 31))",
            "x = set([1]).issuperset(range(1 << 31))",
            '"".join(range(1 << 31))',
            "(lambda *args: args)(*range(1 << 31))",
            "(lambda *args, x: args)(x = 1, *range(1 << 31))",
            "(lambda x: x)([1]).extend(range(1 << 31))",
            "a, b = range(1 << 31)",
            "x = [a for a, b in [range(1 << 31)]]",
            "def f():\n    x = []\n    x += range(1 << 31)\nf()",
        ):
            program = compile_file("app.star", f"{statement}\n")
            failure = self.assertRaises(EvalError, Module, program)
            self.assertIn("too many", failure.message)

    def test_long_keywords(self):
        """The words about a call that was refused take no longer than the keyword is long."""
        for keyword, name in (
            ("\"'. Did you mean '\" * 300000", "f"),
            ('"\'" * 1000000', "f"),
            ('"1" * 1000000', "nothing"),
            ('"a.b() " * 300000', "f"),
            ('"." * 1000000', "f"),
        ):
            source = f"def f(x = 1): pass\ndef nothing(): pass\n{name}(**{{{keyword}: 1}})\n"
            failure = self.assertRaises(EvalError, Module, compile_file("app.star", source))
            self.assertIn(f"function {name} ", failure.message)
