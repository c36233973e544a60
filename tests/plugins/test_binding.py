"""Arguments against declared parameters."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest
from clace.plugins.gate.binding import bind, named

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


class Parameters(Struct, frozen=True):
    path: str
    args: list[str] = []
    seconds: float = 1
    loud: bool = False
    count: int = 0
    anything: Any = None


class Two(Struct, frozen=True):
    one: str
    two: str


class BindTests(SynchronousTestCase):
    def refusal(self, *args, **kwargs):
        with self.assertRaises(BadRequest) as caught:
            bind("exec.in.run", Parameters, args, kwargs)
        return caught.exception.message

    def test_bound(self):
        """Positional arguments come in the declared order, the rest by name or by default."""
        bound = bind("f", Parameters, ("ls", ["-l"]), {"count": 3, "seconds": 2})
        self.assertEqual(bound, Parameters("ls", ["-l"], 2.0, count=3))

    def test_missing(self):
        """A parameter without a default must be given."""
        self.assertEqual(self.refusal(count=1), "exec.in.run: missing argument for path")
        with self.assertRaises(BadRequest) as caught:
            bind("f", Two, ("a",), {})
        self.assertEqual(caught.exception.message, "f: missing argument for two")

    def test_unknown(self):
        """A keyword that the function does not have is named."""
        self.assertEqual(
            self.refusal("ls", shell=True), 'exec.in.run: unexpected keyword argument "shell"'
        )
        self.assertEqual(
            self.refusal("ls", cuont=1),
            'exec.in.run: unexpected keyword argument "cuont"; did you mean count?',
        )

    def test_duplicate(self):
        """A parameter cannot be given twice: the checked value is the one that is used."""
        self.assertEqual(
            self.refusal("ls", path="rm"),
            'exec.in.run: got multiple values for parameter "path"',
        )

    def test_too_many(self):
        """More positional arguments than parameters are refused."""
        self.assertEqual(self.refusal(*range(7)), "exec.in.run: got 7 arguments, want at most 6")

    def test_types(self):
        """A value of another type is named with its place."""
        for kwargs, message in (
            ({"path": 3}, "exec.in.run: path: expected a string, got an int"),
            (
                {"path": "", "args": ["a", 2]},
                "exec.in.run: args[1]: expected a string, got an int",
            ),
            (
                {"path": "", "count": True},
                "exec.in.run: count: expected an int, got a bool",
            ),
            (
                {"path": "", "count": "3"},
                "exec.in.run: count: expected an int, got a string",
            ),
            (
                {"path": "", "loud": "yes"},
                "exec.in.run: loud: expected a bool, got a string",
            ),
        ):
            self.assertEqual(self.refusal(**kwargs), message)

    def test_named(self):
        """The values by name are those that were given, with the defaults of the others."""
        self.assertEqual(
            named("f", Parameters, ("ls", ["-l"]), {"seconds": 2}),
            {
                "path": "ls",
                "args": ["-l"],
                "seconds": 2,
                "loud": False,
                "count": 0,
                "anything": None,
            },
        )
        self.assertNotIn("path", named("f", Parameters, (), {}))
        self.assertEqual(named("f", Parameters, ("ls",), {})["args"], [], "made anew by default")

    @given(
        st.lists(VALUES, max_size=7),
        st.dictionaries(st.sampled_from([*Parameters.__struct_fields__, "other"]), VALUES),
    )
    def test_anything(self, args, kwargs):
        """Whatever is given is bound with the declared types, or refused."""
        try:
            bound = bind("f", Parameters, args, kwargs)
        except BadRequest:
            return
        self.assertIsInstance(bound.path, str)
        self.assertIsInstance(bound.count, int)
        self.assertNotIsInstance(bound.count, bool)
        self.assertTrue(all(isinstance(arg, str) for arg in bound.args))
