"""Values put into strings."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.starlark.errors import Failure
from clace.starlark.values.format import interpolate, with_number, with_text

SIMPLE = st.text(max_size=4) | st.integers() | st.sampled_from((1 << 63, -1 << 63, "é\udca9"))
VALUES = SIMPLE | st.booleans() | st.none() | st.floats() | st.tuples(SIMPLE) | st.lists(SIMPLE)
PIECES = st.lists(st.sampled_from(("%s", "%d", "%%", "%r", "a", "é", "{}")), max_size=5)


class Failed(str):
    """The message of an error."""

    __slots__ = ()


def outcome(template, value):
    """The text, or the error in brackets."""
    try:
        return interpolate(template, value)
    except Failure as failure:
        return Failed(f"<{failure.message}>")


class InterpolationTests(SynchronousTestCase):
    @given(PIECES, st.lists(VALUES, max_size=5))
    def test_the_same_beside_another_verb(self, pieces, values):
        """Texts and numbers are shown, or refused, as they are beside a verb for something else."""
        usual = outcome("".join(pieces), tuple(values))
        other = outcome("".join(["%c", *pieces]), ("!", *values))
        self.assertEqual(other, usual if type(usual) is Failed else f"!{usual}")

    @given(VALUES, st.sampled_from(("a", "")), st.sampled_from(("b", "")))
    def test_between_two_texts(self, value, before, after):
        """The helpers for one value in a text do what the operator does."""
        for verb, helper in (("%d", with_number), ("%s", with_text)):
            template = before + verb + after
            try:
                shown = helper(before, value, after, template)
            except Failure as failure:
                shown = Failed(f"<{failure.message}>")
            self.assertEqual(shown, outcome(template, value))

    def test_one_value(self):
        """A value stands for itself, and a tuple for its items, which may be tuples."""
        for template, value, shown in (
            ("%s", "x", "x"),
            ("%d%%", 5, "5%"),
            ("%s", ((1,),), "(1,)"),
            ("%s", (("x",),), '("x",)'),
            ("%s-%s", ("é"[:0], 1 << 70), f"-{1 << 70}"),
            ("%s", True, "True"),
            ("%d", True, "<%d format requires integer: cannot convert bool to int>"),
            ("%d", "1", "<%d format requires integer: cannot convert string to int>"),
            ("%s", (), "<not enough arguments for format string>"),
            ("%s", (1, 2), "<too many arguments for format string>"),
        ):
            self.assertEqual(outcome(template, value), shown, (template, value))
