"""Bytes as lines, lines as documents."""

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.kit.definition import CallFailed
from clace.plugins.kit.lines import Lines, parsed, parsed_lines

CHUNKS = st.lists(st.binary(max_size=20) | st.sampled_from([b"\n", b"\r\n", b"a\nb"]))


def cut(chunks, limit=1000):
    lines = Lines(limit)
    found = [line for chunk in chunks for line in lines.feed(chunk)]
    return found + list(lines.end())


class LinesTests(SynchronousTestCase):
    @given(CHUNKS)
    def test_chunks(self, chunks):
        """How the bytes arrive makes no difference to the lines."""
        self.assertEqual(cut(chunks), cut([b"".join(chunks)]))

    @given(st.lists(st.text(st.characters(blacklist_characters="\r\n", codec="utf-8"))))
    def test_text(self, lines):
        """Lines of text come back as they were."""
        text = "".join(line + "\n" for line in lines)
        self.assertEqual(cut([text.encode()]), lines)

    def test_ends(self):
        """A last line needs no newline, carriage returns before one are dropped."""
        self.assertEqual(cut([b"a\r\n\nb"]), ["a", "", "b"])

    def test_limit(self):
        """A line over the limit fails at once, complete or not."""
        for chunks in ([b"a" * 11], [b"a" * 11 + b"\n"], [b"a" * 6, b"a" * 6]):
            with self.assertRaises(CallFailed):
                cut(chunks, limit=10)
        self.assertEqual(len(cut([b"a" * 10 + b"\n"] * 5, limit=10)), 5)

    def test_not_text(self):
        """Bytes that are no UTF-8 are replaced."""
        self.assertEqual(cut([b"\xff\n"]), ["\ufffd"])


class ParsedTests(SynchronousTestCase):
    @given(st.recursive(st.none() | st.booleans() | st.text(), st.lists, max_leaves=9))
    def test_documents(self, value):
        """A document comes back as the value it was made of."""
        self.assertEqual(parsed(json.dumps(value)), value)

    def test_lines(self):
        """Each line has its document, empty lines none."""
        self.assertEqual(parsed_lines(['{"a": 1}', " ", "[2]"]), [{"a": 1}, [2]])

    def test_malformed(self):
        """What is no JSON fails with a reason."""
        for text in ("", "{", '"\\ud800', "[" * 100_000):
            with self.assertRaises(CallFailed):
                parsed(text)
