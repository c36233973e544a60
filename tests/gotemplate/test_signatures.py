"""Tests for ``clace.gotemplate.language.signatures``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.faults import Fault
from clace.gotemplate.go.values import HTML, NOVALUE, Int64
from clace.gotemplate.language.signatures import ANY, MAP, adopt, convert, signature


class SignatureTests(SynchronousTestCase):
    def test_reads_types(self):
        """A signature is written as types between commas, dots for the variadic one."""
        self.assertEqual(signature("string, map, any..."), (("string", MAP, ANY), True))

    def test_adopts_annotations(self):
        """A caller's function takes the Go types of its annotations."""

        def made(name: str, count: int, *rest: object) -> str:
            return f"{name}{count}{rest}"

        function = adopt("made", made)
        self.assertEqual((function.params, function.variadic), (("string", "int", ANY), True))

    def test_types_are_exact(self):
        """Go assigns no int64 to an int and no trusted string to a string."""
        for value, wanted in (
            (Int64(1), "int"),
            (HTML("x"), "string"),
            (True, "int"),
            (1, "float64"),
        ):
            with self.assertRaises(Fault):
                convert(value, wanted)
        self.assertEqual(convert("x", "string"), "x")
        self.assertIsNone(convert(NOVALUE, ANY))
