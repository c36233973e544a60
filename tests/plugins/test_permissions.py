"""Which permissions cover a call, and what is said when none does."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest, PluginRefused
from clace.model.app import Permission
from clace.plugins.gate.permissions import approved, covering, text_of
from tests.support.plugin_contract import app

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def permit(*arguments, plugin="exec.in", method="run"):
    return Permission(plugin, method, arguments)


def cover(its_app, args):
    found = approved(its_app, "exec.in", "run")
    return covering(its_app, "exec.in", "run", found, args)


class TextTests(SynchronousTestCase):
    def test_starlark(self):
        """Values are compared as Starlark writes them: texts bare, but quoted inside others."""
        for value, text in (
            ("-l", "-l"),
            (3, "3"),
            (True, "True"),
            (None, "None"),
            (["-o", "pid=", 1], '["-o", "pid=", 1]'),
            ({"a": ["b"]}, '{"a": ["b"]}'),
            (['say "hi"\n\\'], '["say \\"hi\\"\\n\\\\"]'),
        ):
            self.assertEqual(text_of(value), text)

    @given(st.lists(st.text()), st.lists(st.text()))
    def test_unambiguous(self, one, other):
        """Two lists have the same text only if they are the same: no argument hides in another."""
        self.assertEqual(text_of(one) == text_of(other), one == other)

    def test_nesting(self):
        """A value nested without end is refused."""
        value = []
        for _ in range(5000):
            value = [value]
        with self.assertRaises(BadRequest):
            text_of(value)


class CoveringTests(SynchronousTestCase):
    def refusal(self, permissions, *args):
        with self.assertRaises(PluginRefused) as caught:
            cover(app(*permissions, path="/disk"), args)
        return caught.exception.message

    def test_prefix(self):
        """The leading arguments are compared; what follows them is free."""
        permission = permit("du", "-s")
        for args in (("du", "-s"), ("du", "-s", "/", 3)):
            self.assertEqual(cover(app(permission), args), (permission,))

    def test_any_of_several(self):
        """All permissions that cover a call are found, in the order in which they were approved."""
        permissions = (permit("ps"), permit("regex:d."), permit("du"), permit())
        found = cover(app(*permissions), ("du",))
        self.assertEqual(found, permissions[1:])

    @given(st.lists(ANY, max_size=4))
    def test_own_text(self, args):
        """A permission with the texts of a call covers that call."""
        permission = permit(*map(text_of, args))
        if not any(text.startswith("regex:") for text in permission.arguments):
            self.assertEqual(cover(app(permission), args), (permission,))

    @given(st.lists(st.text(max_size=2), max_size=3), st.lists(st.text(max_size=2), max_size=3))
    def test_only_prefixes(self, expected, args):
        """Literal arguments cover exactly the calls that begin with them."""
        try:
            cover(app(permit(*expected)), args)
            covered = True
        except PluginRefused:
            covered = False
        self.assertEqual(covered, args[: len(expected)] == expected)

    def test_literal_names(self):
        """Plugin and method are compared as they are: an account is another plugin."""
        for permission in (
            permit(plugin="exec.in#root"),
            permit(plugin="regex:.*"),
            permit(method="regex:.*"),
        ):
            message = self.refusal([permission], "ls")
            self.assertEqual(
                message,
                "app /disk is not permitted to call exec.in.run."
                " Audit the app and approve permissions",
            )

    def test_too_few(self):
        """Arguments that a permission constrains cannot be left out or given by name."""
        self.assertEqual(
            self.refusal([permit("du", "-s")], "du"),
            "app /disk is not permitted to call exec.in.run with 1 arguments, 2 or more positional"
            " arguments are required (permissions checks are not supported for kwargs)."
            " Audit the app and approve permissions",
        )

    def test_different(self):
        """A wrong argument is named with what the permission that came closest expects."""
        self.assertEqual(
            self.refusal([permit("ps"), permit("du", "-s")], "du", "-h"),
            'app /disk is not permitted to call exec.in.run with argument 1 having value "-h",'
            ' expected "-s". Update the app or audit and approve permissions',
        )

    def test_long_value(self):
        """The text of a refusal stays short whatever the app gave."""
        self.assertLess(len(self.refusal([permit("du")], "x" * 100_000)), 500)
