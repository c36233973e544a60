"""Tests for ``clace.gotemplate.go.floats``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.go.floats import formatted, shortest


class FloatTests(SynchronousTestCase):
    def test_exponents(self):
        """Large and small numbers have an exponent of two digits, others none."""
        values = (1.0, 100000.0, 1000000.0, 1e21, 1e-4, 1e-5, -0.0, 1.5e300)
        self.assertEqual(
            [shortest(value) for value in values],
            ["1", "100000", "1e+06", "1e+21", "0.0001", "1e-05", "-0", "1.5e+300"],
        )

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_reads_back(self, value):
        """The shortest text, and the hexadecimal one, are the number."""
        self.assertEqual(float(shortest(value)), value)
        self.assertEqual(float.fromhex(formatted(value, "x", -1)), value)
