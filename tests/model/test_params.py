"""Params: what may be declared, and which texts are values of them."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest
from clace.model.params import MOST_PARAMS, AppParam, check_together
from clace.model.schema import INTEGERS, FieldType

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(INTEGERS[0], INTEGERS[-1]) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)
anything = json_values | st.sampled_from([*FieldType, "3", "[]", "password:1"])


def json_text(value):
    return msgspec.json.encode(value).decode()


class DeclarationTests(SynchronousTestCase):
    def refused(self, expected, *args, **kwargs):
        with self.assertRaisesRegex(ValueError, expected):
            AppParam(*args, **kwargs)

    def test_names(self):
        """A name is any printable text without whitespace."""
        for name in ("a", "a-b", "1", "é", "x" * 128):
            self.assertEqual(AppParam(name).name, name)
        for name in ("", " ", "a b", "a\n", "a\u00a0b", "\x1b[2J", "x" * 129):
            self.refused("invalid param name", name)

    def test_defaults(self):
        """A default is a text that is a value of the type; what is optional has one."""
        self.assertEqual(AppParam("n", FieldType.INT, "3").value(None), 3)
        expected = "param n is of type int but default value is not an int"
        self.refused(expected, "n", FieldType.INT, "x")
        self.refused("param n is not required, it has to have a default", "n", required=False)

    def test_display_types(self):
        """Display types are known, may have an option, and are for strings."""
        for shown in ("", "password", "textarea:10", "combo", "file:.csv,.txt", "file:"):
            self.assertEqual(AppParam("a", display_type=shown).display_type, shown)
        self.refused("unknown display type slider for a", "a", display_type="slider:x")
        for kind in set(FieldType) - {FieldType.STRING}:
            self.refused(
                f"param a is of type {kind.lower()}, it cannot have a display type",
                "a",
                kind,
                display_type="password",
            )

    def test_options(self):
        """What lists options is a list."""
        self.assertEqual(AppParam("options-a", FieldType.LIST).value('["x"]'), ["x"])
        self.refused("param options-a lists options, its type has to be LIST", "options-a")

    def test_together(self):
        """No two params have one name, and there are not too many."""
        check_together([AppParam(f"p{n}") for n in range(MOST_PARAMS)])
        with self.assertRaisesRegex(ValueError, "more than 100 params"):
            check_together([AppParam(f"p{n}") for n in range(MOST_PARAMS + 1)])
        with self.assertRaisesRegex(ValueError, "param a already defined"):
            check_together([AppParam("a"), AppParam("b"), AppParam("a")])

    @given(
        st.fixed_dictionaries(
            {"name": st.sampled_from(["a", "options-a"]) | anything},
            optional=dict.fromkeys(
                ["type", "default", "description", "required", "display_type", "more"], anything
            ),
        )
    )
    def test_anything(self, told):
        """Whatever a host tells is a param or is refused, and a param always has an ending."""
        try:
            param = msgspec.convert(told, AppParam)
        except msgspec.ValidationError:
            return
        if param.default is None:
            self.assertRaises(BadRequest, param.value, None)
        else:
            param.value(None)

    def test_bounds(self):
        """Texts of an untrusted host are short."""
        for field, length in (("default", 4001), ("description", 1001), ("display_type", 129)):
            told = {"name": "a", field: "x" * length}
            self.assertRaises(msgspec.ValidationError, msgspec.convert, told, AppParam)


class ValueTests(SynchronousTestCase):
    def values(self, kind, *texts):
        return [AppParam("p", kind).value(text) for text in texts]

    def refused(self, kind, *texts):
        for text in texts:
            with self.assertRaises(BadRequest) as caught:
                AppParam("p", kind).value(text)
            self.assertIn(f"param p is of type {kind.lower()} but value", str(caught.exception))

    def test_required(self):
        """What is required is given, and a string of them is not empty."""
        for param, text, expected in (
            (AppParam("a"), None, "a value has to be provided (--param a=...)"),
            (AppParam("a", FieldType.LIST), None, "a value has to be provided (--param a=...)"),
            (AppParam("a"), "", "value cannot be empty"),
            (AppParam("a", default="x"), "", "value cannot be empty"),
        ):
            with self.assertRaises(BadRequest) as caught:
                param.value(text)
            message = f"param a is a required param, {expected}"
            self.assertEqual(caught.exception.message, message)
        self.assertEqual(AppParam("a", default="x").value(None), "x")
        self.assertEqual(AppParam("a", default="").value(None), "")
        self.assertEqual(AppParam("a", default="x", required=False).value(""), "")

    def test_integers(self):
        """Integers are decimal, of 64 bits, with a sign or none."""
        texts = ("0", "-0", "+7", "007", str(INTEGERS[0]), str(INTEGERS[-1]))
        self.assertEqual(self.values(FieldType.INT, *texts), [int(text) for text in texts])
        self.refused(FieldType.INT, "", " 1", "1\n", "1_0", "0x1", "1.0", "1e3", "٣", "--1", "-")
        self.refused(FieldType.INT, str(INTEGERS[0] - 1), str(INTEGERS[-1] + 1), "9" * 5000)

    def test_booleans(self):
        """Both have six spellings."""
        for value, texts in (
            (True, ("1", "t", "T", "true", "True", "TRUE")),
            (False, ("0", "f", "F", "false", "False", "FALSE")),
        ):
            self.assertEqual(self.values(FieldType.BOOLEAN, *texts), [value] * 6)
        self.refused(FieldType.BOOLEAN, "", "yes", "on", "tRUE", " true", "10", "2")

    def test_json(self):
        """Lists and dicts are JSON of just that kind."""
        self.assertEqual(self.values(FieldType.LIST, "[]", ' ["a", {"b": null}] ')[1][0], "a")
        self.assertEqual(self.values(FieldType.DICT, '{"a": [1.5]}'), [{"a": [1.5]}])
        broken = ("", "null", "1", '"a"', "[", "[1e999]", "[NaN]", "[" * 9999 + "]" * 9999)
        self.refused(FieldType.LIST, "{}", "[1]x", *broken)
        self.refused(FieldType.DICT, "[]", "{1: 2}", *broken)

    def test_never_told(self):
        """A text that is refused is not repeated, nor is what failed on it chained."""
        for kind in set(FieldType) - {FieldType.STRING}:
            with self.assertRaises(BadRequest) as caught:
                AppParam("p", kind).value("hunter2")
            self.assertNotIn("hunter2", str(caught.exception))
            self.assertTrue(caught.exception.__suppress_context__)

    @given(st.sampled_from(FieldType), st.text() | json_values.map(json_text))
    def test_any_text(self, kind, text):
        """Any text is a value of the type or is refused."""
        try:
            value = AppParam("p", kind).value(text)
        except BadRequest:
            return
        self.assertTrue(kind.takes(value))

    @given(json_values)
    def test_round_trip(self, value):
        """What is written as JSON is read back."""
        for kind in FieldType:
            if value is not None and kind.takes(value):
                text = value if kind is FieldType.STRING else json_text(value)
                self.assertEqual(AppParam("p", kind, text).value(None), value)
