"""Wrong values in words that do not need msgspec to be known."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from twisted.trial.unittest import SynchronousTestCase

from clace.wrong_values import wrong_value


class Inner(Struct, forbid_unknown_fields=True):
    name: str
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    kind: Literal["one", "two"] = "one"

    def __post_init__(self):
        if self.name == "bad":
            raise ValueError("name is bad")


class Outer(Struct):
    port: Annotated[int, Meta(ge=1)] = 1
    text: Annotated[str, Meta(max_length=3)] = ""
    some: Annotated[tuple[Inner, ...], Meta(max_length=1)] = ()
    table: dict[str, str] = {}
    either: int | str = 0


class WrongValueTests(SynchronousTestCase):
    def told(self, given: dict[str, Any]) -> str:
        with self.assertRaises(msgspec.ValidationError) as caught:
            msgspec.convert(given, Outer)
        return wrong_value(caught.exception, given)

    def test_words(self):
        """The place is first, then types as apps and JSON know them; numbers are repeated."""
        for given, told in (
            ({"port": 0}, "port: expected an int of at least 1, got 0"),
            ({"port": "SECRET"}, "port: expected an int, got a string"),
            ({"text": "SECRET"}, "text: expected a string of length at most 3"),
            ({"text": None}, "text: expected a string, got None"),
            ({"either": None}, "either: expected an int or a string, got None"),
            ({"some": [{"name": "", "port": 70_000}]}, "some[0].port: expected an int of at most"),
            ({"some": [{"name": "", "port": 70_000}]}, "65535, got 70000"),
            ({"some": [{"name": "", "kind": "six"}]}, "some[0].kind: invalid value 'six'"),
            ({"some": [{"name": "", "port": 1.5}]}, "some[0].port: expected an int, got a float"),
            ({"some": [{}]}, "some[0]: missing field name"),
            ({"some": [{"name": "", "b": 1}]}, "some[0]: unknown field b"),
            ({"some": [{"name": "bad"}]}, "some[0]: name is bad"),
            ({"some": [{"name": "a"}, {"name": "b"}]}, "some: expected a list of length at most 1"),
            ({"table": {"SECRET": 1}}, "table[...]: expected a string, got an int"),
            ({"table": {5: "SECRET"}}, "table: in a key expected a string, got an int"),
        ):
            self.assertIn(told, self.told(given))
            self.assertNotIn("SECRET", self.told(given))
            self.assertNotIn("`", self.told(given))

    def test_not_given(self):
        """Without what was converted the limit alone is told."""
        with self.assertRaises(msgspec.ValidationError) as caught:
            msgspec.json.decode(b'{"port": 0}', type=Outer)
        for given in (None, {}, {"port": "0"}, [0]):
            told = wrong_value(caught.exception, given)
            self.assertEqual(told, "port: expected an int of at least 1")

    def test_others(self):
        """An error that is not about a type keeps its words."""
        for said in ("", "duplicate type a", "5 <= 3 - at `home`"):
            self.assertEqual(wrong_value(ValueError(said)), said)
