"""Tests for ``clace.plugins.gate.redactor``."""

import html
import json
from urllib.parse import quote, quote_plus

from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec import Struct
from twisted.trial.unittest import SynchronousTestCase

from clace.interfaces import PluginAnswer
from clace.model.secret_text import SecretReference
from clace.plugins.builtin.http.urls import escaped
from clace.plugins.gate.redactor import MAX_GROWTH, MAX_LINES, MAX_PARTS, Redactor
from clace.plugins.kit.definition import CallFailed

SHOWN = '{{secret "k"}}'
REFERENCE = SecretReference("", ("k",), SHOWN)
texts = st.text(max_size=20)
values = st.text(min_size=1, max_size=20)


class Row(Struct):
    name: str
    inner: list


def hiding(*secrets):
    hidden = Redactor()
    for number, value in enumerate(secrets):
        hidden.add({SecretReference("", (str(number),), SHOWN): value})
    return hidden


class HidingTests(SynchronousTestCase):
    def test_without_secrets(self):
        """As long as nothing was named every value is given as it is, the same object."""
        value = [{"a": object()}]
        self.assertIs(Redactor().value(value), value)
        self.assertFalse(Redactor())

    def test_wherever_it_is(self):
        """The value is hidden in texts, bytes, keys, lists and structs, however deep."""
        hidden = hiding("hunter2")
        for value, expected in [
            ("a hunter2b", f"a {SHOWN}b"),
            (b"\xffhunter2", b"\xff" + SHOWN.encode()),
            (bytearray(b"hunter2"), SHOWN.encode()),
            (("hunter2", 1, None), [SHOWN, 1, None]),
            ({"hunter2": {"a": ["hunter2"]}}, {SHOWN: {"a": [SHOWN]}}),
            (
                [Row("hunter2", [Row("x", ["hunter2"])])],
                [{"name": SHOWN, "inner": [{"name": "x", "inner": [SHOWN]}]}],
            ),
            (1.5, 1.5),
            (True, True),
        ]:
            self.assertEqual(hidden.value(value), expected)

    @given(
        st.one_of(
            st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False)
        )
    )
    @example(4711471147)
    @example(1)
    @example(12.5)
    @example(1e300)
    def test_as_a_number(self, number):
        """A value that is a number is hidden where it comes back as one, also as a key."""
        assume(number not in {-1, 2.5, 10**18} and float(number) == number)
        hidden = hiding(str(number))
        self.assertEqual(hidden.value([{"a": number}, True]), [{"a": SHOWN}, True])
        self.assertEqual(hidden.value({number: (float(number),)}), {SHOWN: [SHOWN]})
        self.assertEqual(hidden.value([-1, 2.5, 10**18]), [-1, 2.5, 10**18])

    def test_as_no_number(self):
        """What only looks like a number is a text, and as a number nobody can tell it."""
        for secret in (
            "007",
            "+5",
            "0x10",
            "1_000",
            "NaN",
            "Infinity",
            "1" * 5000,
            "1" * 400,
            "1e400",
        ):
            self.assertEqual(hiding(secret).value([7, 5, 16, 1000]), [7, 5, 16, 1000])

    def test_however_it_is_written(self):
        """The value is hidden as it stands in JSON, in an URL, in a page and as a host too."""
        for secret in ('p"a/s s&é\n', 'p"a/s s&é'):
            hidden = hiding(secret)
            for form in (
                secret,
                json.dumps(secret),
                json.dumps(secret, ensure_ascii=False),
                quote(secret),
                quote(secret, safe=""),
                quote_plus(secret),
                escaped(secret),
                html.escape(secret),
            ):
                text = hidden.text(f"<{form}>")
                self.assertIn(SHOWN, text)
                self.assertNotIn("s&", text)
                self.assertNotIn(quote("é"), text)

    def test_in_json(self):
        """What was JSON is JSON still, and has the reference where the value was."""
        reference = '{{secret_from "db" `a\\b`}}'
        hidden = Redactor()
        hidden.add({SecretReference("db", ("a\\b",), reference): 'hun"ter2'})
        given = {"token": 'hun"ter2', "in": [{'Bearer hun"ter2': 1, "é": "\n"}]}
        expected = {"token": reference, "in": [{f"Bearer {reference}": 1, "é": "\n"}]}
        for text in (
            json.dumps(given),
            json.dumps(given, ensure_ascii=False),
            f" \n{json.dumps(given, indent=1)}\n",
            json.dumps(given).encode(),
        ):
            self.assertEqual(json.loads(hidden.value([text])[0]), expected)
        for text in (json.dumps([given]), json.dumps([given]).encode()):
            self.assertEqual(json.loads(hidden.value([text])[0]), [expected])

    def test_in_no_json(self):
        """Where no JSON is, the reference is as the app wrote it."""
        hidden = hiding("hunter2")
        deep = "[" * 100_000 + '"%s"' + "]" * 100_000
        for text in ('"%s"', "%s", "{%s}", '{"a": "%s"', '["%s"] and more', "", deep):
            self.assertEqual(hidden.text(text.replace("%s", "hunter2")), text.replace("%s", SHOWN))

    def test_line_by_line(self):
        """Of a value of several lines each is hidden by itself, unless it is very short."""
        key = '-----BEGIN KEY-----\r\n  MIIE/abc\r\nq"uo\\te89\r\nshort=7\r\n-----END KEY-----\n'
        hidden = hiding(key)
        lines = key.split("\n")
        expected = [f"{SHOWN}\r", f"  {SHOWN}\r", f"{SHOWN}\r", "short=7\r", SHOWN, ""]
        self.assertEqual([hidden.value(line) for line in lines], expected)
        self.assertEqual(hidden.value(lines), expected)
        self.assertEqual(hidden.text("key: MIIE/abc"), f"key: {SHOWN}")
        self.assertEqual(hidden.text('{"a": "q\\"uo\\\\te89"}'), json.dumps({"a": SHOWN}))
        self.assertEqual(hidden.text(key), SHOWN)
        self.assertEqual(hiding("hunter2hunter2\n").text("hunter2hunter2"), SHOWN)

    def test_many_lines(self):
        """So many lines are looked for, of all secrets together, whatever is in them."""
        value = "\n".join(f"line number {number:04}" for number in range(1000))
        hidden = hiding(value, "and another\none, of lines")
        self.assertEqual(hidden.text(f"line number {MAX_LINES - 1:04}"), SHOWN)
        self.assertEqual(hidden.text(f"line number {MAX_LINES:04}"), f"line number {MAX_LINES:04}")
        self.assertEqual(hidden.text(f"a {value} b"), f"a {SHOWN} b")

    def test_as_a_host(self):
        """Hosts are in lower case, and so is a value that was put in the place of one."""
        self.assertEqual(hiding("Hunter2").text("hunter2 not found"), f"{SHOWN} not found")

    def test_one_within_another(self):
        """Of two values the longer one is hidden whole."""
        self.assertEqual(hiding("abc", "abcdef").text("abcdef abc"), f"{SHOWN} {SHOWN}")

    def test_empty(self):
        """An empty value hides nothing."""
        self.assertEqual(hiding("").text("abc"), "abc")

    def test_growth(self):
        """Nobody makes the daemon write a long reference for each letter of a large result."""
        hidden = hiding("a")
        with self.assertRaises(CallFailed):
            hidden.value(["a" * 1000] * (MAX_GROWTH // 1000))
        self.assertNotIn("aaa", hidden.text("a" * MAX_GROWTH))

    def test_growth_to_the_letter(self):
        """It may grow by so many letters in all its parts together, and no more."""
        hidden = hiding("0123456789")
        most = MAX_GROWTH // (len(SHOWN) - 10)
        first = "0123456789" * 10
        rest = "0123456789" * (most - 10)
        self.assertEqual(hidden.value([first, rest]), [SHOWN * 10, SHOWN * (most - 10)])
        with self.assertRaisesRegex(CallFailed, "is full of"):
            hidden.value([first, rest + "0123456789"])

    def test_cannot_be_hidden(self):
        """An answer from which the secret cannot be taken is a failure, without the value."""
        given = PluginAnswer(value=["a" * 1000] * (MAX_GROWTH // 1000), error_code=3)
        answer = hiding("a").answer(given)
        self.assertIsNone(answer.value)
        self.assertIn("is full of what may be", answer.error)
        self.assertEqual(answer.error_code, CallFailed("").error_code)

    def test_surely_absent(self):
        """A text may be passed on unread only if no secret can be in it, in whatever spelling."""
        hidden = hiding("hunter2")
        for data, absent in (
            (b'{"a": "b"}', True),
            (b'{"a": "hunter2"}', False),
            (b'{"a": "\\u0068unter2"}', False),
        ):
            self.assertIs(hidden.is_surely_absent(data), absent)
            self.assertTrue(Redactor().is_surely_absent(data))

    def test_parts(self):
        """A result of very many parts is gone through only if there is something to hide."""
        hidden = hiding("hunter2")
        many = ["a"] * MAX_PARTS
        self.assertIs(hidden.value(many), many)
        for count in (MAX_PARTS, MAX_PARTS - 1):
            with self.assertRaisesRegex(CallFailed, "25000 parts"):
                hidden.value([*many[:count], "hunter2"])
        most = [*many[2:], "hunter2"]
        self.assertEqual(hidden.value(most), [*many[2:], SHOWN])

    @given(values, texts, texts)
    def test_is_gone(self, secret, before, after):
        """Whatever the secret and the text around it, it is not in what is told."""
        marked = hiding(secret)
        marked._texts = dict.fromkeys(marked._texts, "\0")
        if "\0" not in secret:
            self.assertNotIn(secret, marked.text(before + secret + after))
