"""Tests for ``clace.model.secret_text``."""

import contextlib

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest
from clace.model.secret_text import (
    SecretReference,
    filled,
    is_reference,
    pieces,
    reference_text,
    references,
)

keys = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
plain = st.text(max_size=12).filter(lambda text: "{" not in text)
noise = st.text(st.sampled_from('{}- "`\\secrt_fomx\n'), max_size=40)


def quoted(key):
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


class GrammarTests(SynchronousTestCase):
    def test_references(self):
        """Keys in quotes or backquotes, with or without a provider, spaces wherever Go has them."""
        for text, provider, found in [
            ('{{secret "a"}}', "", ("a",)),
            ('{{ secret "a" "b" }}', "", ("a", "b")),
            ("{{secret\t`a\\b`\n}}", "", ("a\\b",)),
            ('{{secret "a\\"b\\\\"}}', "", ('a"b\\',)),
            ('{{secret_from "vault" "a/b" "c"}}', "vault", ("a/b", "c")),
            ('{{secret_from "default" "a"}}', "", ("a",)),
            ('{{secret_from "" "a"}}', "", ("a",)),
        ]:
            self.assertEqual(references(text), (SecretReference(provider, found, text),), text)

    def test_among_other_text(self):
        """Around references a text stays as it is, braces and other templates too."""
        text = '{{ .x }}a{{secret "k"}}b{{{{secret "l"}}}}{{secrets "m"}}'
        k, inner = (
            SecretReference("", ("k",), '{{secret "k"}}'),
            SecretReference("", ("l",), '{{secret "l"}}'),
        )
        self.assertEqual(pieces(text), ("{{ .x }}a", k, "b{{", inner, '}}{{secrets "m"}}'))

    def test_values_are_not_read_again(self):
        """What looks like a reference in a value is part of the value."""
        text = '<{{secret "k"}}>'
        (reference,) = references(text)
        value = '{{secret "other"}}'
        self.assertEqual(filled(text, {reference: value}), f"<{value}>")

    def test_refuses(self):
        """A malformed call is an error that says where and what was expected."""
        for text, place, reason in [
            ("x{{secret}}", 10, "expected 1 to 16 keys"),
            ('{{secret "a}}', 9, 'expected a "text" or }}'),
            ('{{secret "a" b}}', 13, 'expected a "text" or }}'),
            ('{{secret"a"}}', 9, 'expected a "text" or }}'),
            ('{{secret "a" | upper}}', 13, 'expected a "text" or }}'),
            ('{{secret "a\\n"}}', 9, 'expected a "text" or }}'),
            ('{{secret (secret "a")}}', 9, 'expected a "text" or }}'),
            ('{{secret "a"', 13, 'expected a "text" or }}'),
            ('{{secret ""}}', 1, "a key is empty"),
            ("{{secret `a\x00`}}", 1, "expected keys of up to 1024 printable characters"),
            ("{{secret_from}}", 14, "expected the name of a provider"),
            ('{{secret_from "p"}}', 18, "expected 1 to 16 keys"),
            ('{{- secret "a" -}}', 1, "no trim marker, expected {{"),
            ('{{secret "a"}}' * 17, 225, "expected at most 16 in a text"),
        ]:
            error = self.assertRaises(BadRequest, pieces, text)
            self.assertEqual(
                error.message, f"malformed secret reference at character {place}: {reason}", text
            )
            self.assertTrue(is_reference(text))

    def test_others_pass(self):
        """A text that calls for no secret is itself."""
        for text in ("", "secret", "{{", "{{x}}", '{{ "secret" }}', '{{upper (secret "a")}}'):
            self.assertEqual(pieces(text), (text,))
            self.assertFalse(is_reference(text))

    @given(st.lists(st.tuples(plain, st.lists(keys, min_size=1, max_size=3)), max_size=16), plain)
    def test_finds_what_was_written(self, written, end):
        """Texts and references come out as they went in."""
        calls = [
            (head, "{{secret " + " ".join(map(quoted, names)) + "}}") for head, names in written
        ]
        text = "".join(head + call for head, call in calls) + end
        self.assertEqual([found.keys for found in references(text)], [tuple(n) for _, n in written])
        values = {found: f"<{found.keys}>" for found in references(text)}
        expected = "".join(f"{head}<{tuple(names)}>" for head, names in written) + end
        self.assertEqual(filled(text, values), expected)

    @given(noise | st.text(max_size=40))
    @example("{{-")
    def test_loses_nothing(self, text):
        """Whatever the text, its pieces are all of it, or it is refused."""
        with contextlib.suppress(BadRequest):
            found = pieces(text)
            joined = "".join(p.text if isinstance(p, SecretReference) else p for p in found)
            self.assertEqual(joined, text)
            self.assertEqual(is_reference(text), any(isinstance(p, SecretReference) for p in found))

    def test_names_one(self):
        """The text that names a stored secret is read as that name."""
        self.assertEqual(references(reference_text("a-b"))[0].keys, ("a-b",))
        self.assertEqual(references(reference_text("a", "db"))[0].provider, "db")
