"""Parameters by name against what permissions say of them."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import PluginRefused
from clace.model.app import ArgumentConstraint, Permission
from clace.plugins.gate.constraints import names, within

TEXTS = st.text(max_size=5)


def permission(*constraints):
    return Permission(
        "http.in", "get", kwargs=tuple(ArgumentConstraint(*one) for one in constraints)
    )


class WithinTests(SynchronousTestCase):
    def refusal(self, grant, **values):
        with self.assertRaises(PluginRefused) as caught:
            within("no call", (grant,), values)
        return caught.exception.message

    def test_whole_value(self):
        """A value is compared as Starlark writes it, literally or as a whole pattern."""
        for expected, value in (
            ("5", 5),
            ("True", True),
            ('["-A"]', ["-A"]),
            ("regex:/srv/.*", "/srv/a"),
            ("{}", {}),
        ):
            grants = (permission(("cwd", expected)),)
            self.assertEqual(within("", grants, {"cwd": value}), grants)
        self.assertEqual(
            self.refusal(permission(("cwd", "regex:/srv")), cwd="/srv/a"),
            'no call with argument cwd having value "/srv/a", expected "regex:/srv".'
            " Update the app or audit and approve permissions",
        )

    def test_keys(self):
        """A dict has only keys that are named, each as expected; none of them has to be there."""
        grant = permission(("headers", "json", "Accept"), ("headers", "regex:v[0-9]", "X-Api"))
        for value in ({}, {"Accept": "json"}, {"X-Api": "v1", "Accept": "json"}):
            self.assertEqual(within("", (grant,), {"headers": value}), (grant,))
        for value, problem in (
            ({"Cookie": "a"}, "headers having key Cookie, expected Accept, X-Api."),
            ({"X-Api": "v12"}, 'headers[X-Api] having value "v12", expected "regex:v[0-9]".'),
            ("text", 'headers having value "text", expected a dict.'),
        ):
            self.assertIn(problem, self.refusal(grant, headers=value))

    def test_each_by_its_own(self):
        """What is said of one parameter is not asked of another."""
        grant = permission(("cwd", "a"), ("url", "b"), ("headers", "c", "X"))
        given = {"cwd": "a", "url": "b", "headers": {"X": "c"}}
        self.assertEqual(within("", (grant,), given), (grant,))
        for name in given:
            self.assertIn(f"argument {name} having", self.refusal(grant, **{**given, name: "d"}))

    def test_not_given(self):
        """A parameter that was not given, or that the function has not, is not as expected."""
        self.assertIn("argument nothing not given.", self.refusal(permission(("nothing", "a"))))

    def test_alternatives(self):
        """Those of several permissions that hold are what the call is made by."""
        one, other = permission(("cwd", "a")), permission(("cwd", "regex:[ab]"))
        self.assertEqual(within("", (one, other), {"cwd": "b"}), (other,))
        self.assertEqual(within("", (one, other), {"cwd": "a"}), (one, other))

    @given(TEXTS, st.dictionaries(TEXTS, TEXTS))
    def test_literal(self, expected, given):
        """What is no pattern allows itself and nothing else."""
        grant = permission(("headers", f"={expected}", "A"))
        allowed = all((key, value) == ("A", f"={expected}") for key, value in given.items())
        try:
            within("", (grant,), {"headers": given})
        except PluginRefused:
            self.assertFalse(allowed)
        else:
            self.assertTrue(allowed)

    def test_names(self):
        """A permission is known to name a parameter, with or without keys."""
        grant = permission(("cwd", "a"), ("headers", "b", "A"))
        self.assertEqual(
            [names(grant, name) for name in ("cwd", "headers", "url")], [True, True, False]
        )
