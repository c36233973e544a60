"""Outputs of programs taken apart."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.outputs import JSON, JSON_LINES, LINES, MalformedOutput, taken_apart
from clace.plugins.kit.definition import CallFailed
from clace.plugins.kit.lines import Lines, check_lines


class OutputTests(SynchronousTestCase):
    @given(st.lists(st.sampled_from([b"a", b"\xff", b"\r", b"\n", "é".encode()]), max_size=9))
    def test_lines(self, parts):
        """A whole output has the lines that a stream of it has, one after the other."""
        cut = Lines()
        lines = [line for part in parts for line in cut.feed(part)]
        lines += cut.end()
        self.assertEqual(taken_apart(b"".join(parts), LINES), lines)

    def test_documents(self):
        """The whole output can be one document, or each line one."""
        self.assertEqual(taken_apart(b'{"a":\n1}\n', JSON), [{"a": 1}])
        self.assertEqual(taken_apart(b"1\n \n[2]\r\n", JSON_LINES), [1, [2]])
        self.assertEqual(taken_apart(b"", JSON_LINES), [])

    def test_malformed(self):
        """What is not JSON is told, also what is nested without end."""
        cases = ((b"{", JSON), (b"", JSON), (b"1\n{", JSON_LINES), (b"[" * 100_000, JSON))
        for data, shape in cases:
            with self.assertRaisesRegex(MalformedOutput, "^error parsing the output as JSON: "):
                taken_apart(data, shape)

    @given(st.lists(st.integers(0, 5), max_size=8), st.booleans())
    def test_long_lines(self, lengths, ended):
        """A whole output is refused for the lines for which a stream of it is."""
        data = b"\n".join(b"x" * length for length in lengths) + (b"\n" if ended else b"")
        longest = max(map(len, data.split(b"\n")))
        try:
            check_lines(data, 3)
        except CallFailed:
            self.assertGreater(longest, 3)
        else:
            self.assertLessEqual(longest, 3)
