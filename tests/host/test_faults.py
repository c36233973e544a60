"""Errors of the interpreter as faults of an app."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.faults import OUT_OF_MEMORY, AppFault, NotApproved, SourcePlace, fault_of
from clace.starlark import EvalError, Frame, Position, SourceError

AT = Position("app.star", 12, 5)
FRAMES = (Frame("<toplevel>", Position("app.star", 20, 1)), Frame("handler", AT))


class FaultTests(SynchronousTestCase):
    def test_innermost_place(self):
        """The place is that of the innermost call, with its function."""
        fault = fault_of(EvalError("fail: x", FRAMES))
        self.assertEqual(fault.message, "fail: x")
        self.assertEqual(fault.place, SourcePlace("app.star", 12, 5, "handler"))
        self.assertEqual(fault.traced(), "fail: x : Function handler, Position app.star:12:5")

    def test_top_level(self):
        """Outside of functions there is no function to name."""
        self.assertEqual(fault_of(EvalError("x", FRAMES[:1])).place.function, "")

    def test_source(self):
        """A file that cannot be read is named with line and column."""
        fault = fault_of(SourceError("got '=', want newline", AT))
        self.assertEqual(fault.located(), "app.star:12:5: got '=', want newline")

    def test_memory(self):
        """Too little memory is told as such."""
        fault = fault_of(EvalError("out of memory", FRAMES, MemoryError()))
        self.assertEqual((fault.message, fault.code), (OUT_OF_MEMORY, "app_crashed"))

    def test_approval(self):
        """A plugin that was not approved has a code of its own."""
        fault = fault_of(EvalError("no", FRAMES, NotApproved("no")))
        self.assertEqual(fault.code, "app_not_approved")

    def test_unknown_place(self):
        """A fault without a place is told without one."""
        fault = AppFault("no")
        self.assertEqual((fault.located(), fault.traced()), ("no", "no"))
