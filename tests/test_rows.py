"""Tests for ``tests.support.rows``."""

from twisted.trial.reporter import TestResult
from twisted.trial.unittest import SynchronousTestCase, TestCase


def tables():
    """Tests that fail; nobody but those below finds them."""

    class Tables(SynchronousTestCase):
        """Tests that fail; nobody runs them but the tests below."""

        def test_row(self):
            """One assertion in a loop."""
            for text, size in (("a", 1), ("bcd", 2)):
                self.assertEqual(len(text), size)

        def test_nested(self):
            """A helper in a loop in a loop, under a context."""
            for outer in (1, 2):
                for inner in "ab":
                    with self.assertRaises(ValueError):
                        self.helped(outer, inner)

        def helped(self, outer, inner):
            if outer == 1 or inner == "a":
                raise ValueError

        def test_behind(self):
            """An assertion after a loop."""
            for text in "ab":
                str(text)
            self.assertIn(3, (1, 2), "said")

    return Tables


class RowTests(SynchronousTestCase):
    def said(self, name):
        """The message of the one failure of a test."""
        result = TestResult()
        tables()(name).run(result)
        self.assertEqual((len(result.failures), result.errors), (1, []))
        return result.failures[0][1].getErrorMessage()

    def test_names_the_row(self):
        """A failure in a loop says what the loop's variables were."""
        self.assertRegex(self.said("test_row"), r"3 != 2[^$]*in the row text='bcd', size=2$")

    def test_helpers_and_contexts(self):
        """So does one in a helper, under a context, and in loops inside of loops."""
        self.assertRegex(self.said("test_nested"), r"in the row outer=2, inner='b'$")

    def test_outside_of_loops(self):
        """Anything else fails as ever."""
        self.assertNotIn("in the row", self.said("test_behind"))

    def test_all_kinds_of_tests(self):
        """Tests with a reactor do the same."""
        self.assertIs(TestCase.failureException, SynchronousTestCase.failureException)
