"""Tests for ``clace.gotemplate.go.casts``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.go.casts import float_to_int, strings_of, to_float, to_int
from clace.gotemplate.limits import Limits, Meter

METER = Meter(Limits(seconds=1e9))


class CastTests(SynchronousTestCase):
    def test_anything_is_a_number(self):
        """Text, floats and truth are integers; what is none is zero."""
        values = ("42", "3.0", "3.5", "0x1f", 2.9, True, None, [1], "")
        self.assertEqual([to_int(value) for value in values], [42, 3, 0, 31, 2, 1, 0, 0, 0])

    def test_floats(self):
        """Text may name the special numbers."""
        self.assertEqual(
            [to_float(v) for v in ("1e3", "-inf", "x", 2, None)],
            [1000.0, float("-inf"), 0.0, 2.0, 0.0],
        )

    def test_floats_that_do_not_fit(self):
        """A float beyond 64 bits is the least integer, as the processor has it."""
        self.assertEqual({float_to_int(v) for v in (1e300, -1e300, float("nan"))}, {-(1 << 63)})

    def test_lists_of_strings(self):
        """Nils are left out, and a lone value is a list of one."""
        self.assertEqual(strings_of(METER, [1, None, "a"]), ["1", "a"])
        self.assertEqual((strings_of(METER, None), strings_of(METER, 5)), ([], ["5"]))
