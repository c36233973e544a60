"""Starlark's reports, read."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.host.faults import AppFault, Place, read_fault

REPORT = """Traceback (most recent call last):
  * ace:300, in ace__dispatch
      return ace__answer(function(*args))
  * app.star:12, in handler
      fail("error: x")
error: fail: error: x
second line
  --> app.star:12:5
   |
12 |     fail("error: x")
   |     ^^^^^^^^^^^^^^^^
   |
"""


class ReportTests(SynchronousTestCase):
    def test_message_and_place(self):
        """The message is whole, the place that of the failing expression."""
        fault = read_fault(REPORT)
        self.assertEqual(fault.message, "fail: error: x\nsecond line")
        self.assertEqual(fault.place, Place("app.star", 12, 5))
        self.assertEqual(fault.located(), "app.star:12:5: fail: error: x\nsecond line")

    def test_inside_ours(self):
        """What fails in our own code is placed where the app called it."""
        report = REPORT.replace("--> app.star:12:5", "--> ace:3:1").replace(
            "fail: error: x", "fail: ace__refusal: no"
        )
        fault = read_fault(report)
        self.assertEqual((fault.message, fault.place.line), ("no\nsecond line", 12))

    def test_end_of_file(self):
        """At the end of a file the arrow stands at the margin."""
        fault = read_fault("error: Parse error: unexpected\n--> params.star:1:1\n |\n |\n")
        self.assertEqual(fault.located(), "params.star:1:1: Parse error: unexpected")

    def test_raised_by_us(self):
        """The name of our exception is no part of the message."""
        self.assertEqual(read_fault("error: Refused: not permitted").message, "not permitted")

    def test_unknown_place(self):
        """A fault without a place is told without one."""
        fault = AppFault("no")
        self.assertEqual((fault.located(), fault.traced()), ("no", "no"))

    @given(st.text())
    def test_any_report(self, text):
        """Any text can be read."""
        read_fault(text)
