"""Tests for ``clace.plugins.gate.secret_arguments``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import BadRequest, PluginRefused, SecretFailed
from clace.interfaces import ISecrets
from clace.model.app import Permission
from clace.model.secret_text import MAX_REFERENCES, SecretReference
from clace.plugins.gate.secret_arguments import (
    NoSecrets,
    allowing,
    named_in,
    with_values,
)
from tests.support.plugin_contract import call

words = st.text("abX_.", min_size=1, max_size=4)


def reference(*keys, provider=""):
    return SecretReference(provider, keys)


def granting(*secrets):
    return Permission("echo.in", "echo", secrets=secrets)


class NamingTests(SynchronousTestCase):
    def test_where_secrets_are_named(self):
        """In texts, and in those right inside lists and dicts; each secret once, in order."""
        found = named_in(
            call(
                "f",
                'x{{secret "a"}}',
                ['{{secret "b"}}', 1, ['{{secret "deep"}}']],
                {'{{secret "key"}}': '{{secret "c"}}', "d": {"e": '{{secret "deep"}}'}},
                t='{{secret "a"}}{{secret_from "p" "d"}}',
                n=1,
            )
        )
        self.assertEqual([str(each) for each in found], ["a", "b", "c", "d"])
        self.assertEqual(found[-1].provider, "p")

    def test_malformed(self):
        """A malformed reference is the app's mistake."""
        error = self.assertRaises(BadRequest, named_in, call("f", ["{{secret}}"]))
        self.assertIn("malformed secret reference", error.message)

    def test_too_many(self):
        """One call names only so many secrets, and nothing more of it is looked at."""
        text = '{{secret "a"}}'
        self.assertEqual(len(named_in(call("f", [text] * MAX_REFERENCES))), 1)
        many = [text] * (MAX_REFERENCES + 1) + ["{{secret}}"] * 100_000
        error = self.assertRaises(BadRequest, named_in, call("f", many))
        self.assertIn("more than 16 secrets", error.message)

    def test_values(self):
        """Values are put into copies; what is deeper, and what is no reference, stays."""
        given_ = call(
            "f",
            'x{{secret "a"}}',
            ['{{secret "a"}}', ['{{secret "a"}}']],
            {'{{secret "a"}}': '{{secret "a"}}'},
            n=1,
            t='{{x}}{{secret "a"}}',
        )
        (wanted,) = named_in(given_)
        whole = with_values(given_, {wanted: "1"})
        deep = '{{secret "a"}}'
        self.assertEqual(whole.args, ("x1", ["1", [deep]], {deep: "1"}))
        self.assertEqual(whole.kwargs, {"n": 1, "t": "{{x}}1"})
        self.assertEqual(given_.args[1], [deep, [deep]])


class AllowingTests(SynchronousTestCase):
    def allowed(self, wanted, *grants):
        try:
            allowing(wanted, grants, "env")
        except PluginRefused:
            return False
        return True

    def test_keys(self):
        """An entry covers as many keys as it has, each compared in its place, whole."""
        for entry, keys, allowed in [
            (("A",), ("A",), True),
            (("A",), ("a",), False),
            (("A",), ("A", "B"), False),
            (("A", "B"), ("A",), False),
            (("A", "B"), ("B", "A"), False),
            (("A", "regex:.*"), ("A", "x"), True),
            (("regex:PROD_.*",), ("PROD_X",), True),
            (("regex:PROD_.*",), ("xPROD_X",), False),
            (("regex:PROD",), ("PROD_X",), False),
            (("regex:.*",), ("a",), True),
            (("regex:.*",), ("a", "b"), False),
            ((), ("a",), False),
        ]:
            found = self.allowed([reference(*keys)], granting(entry))
            self.assertEqual(found, allowed, (entry, keys))

    def test_providers(self):
        """An entry is about the default provider, or about the one after ``from:``."""
        for entry, provider, allowed in [
            (("k",), "", True),
            (("k",), "env", True),
            (("k",), "vault", False),
            (("regex:.*",), "vault", False),
            (("from:vault", "k"), "vault", True),
            (("from:vault", "k"), "", False),
            (("from:env", "k"), "", True),
            (("from:regex:vault.*", "k"), "vault_eu", True),
            (("from:vault",), "vault", False),
            (("regex:.*", "regex:.*"), "vault", False),
        ]:
            found = self.allowed([reference("k", provider=provider)], granting(entry))
            self.assertEqual(found, allowed, (entry, provider))

    def test_key_that_looks_like_a_provider(self):
        """A key cannot pass for a provider."""
        for entry in (("from:vault", "k"), ("from:env", "k")):
            self.assertFalse(self.allowed([reference("from:vault", "k")], granting(entry)))

    def test_which(self):
        """The permissions that allow the secrets are told, the others are none for this call."""
        one, two, other = granting(("a",)), granting(("b",), ("a",)), granting(("b",))
        found = allowing([reference("a")], [other, one, two], "env")
        self.assertEqual(found, (one, two))

    def test_one_permission_for_all(self):
        """The secrets of a call are allowed by one permission together, not by several."""
        both = [reference("a"), reference("b")]
        self.assertFalse(self.allowed(both, granting(("a",)), granting(("b",))))
        self.assertTrue(self.allowed(both, granting(("a",)), granting(("a",), ("b",))))

    def test_texts(self):
        """A refusal is worded as users of Clace know it."""
        for wanted, grants, text in [
            (
                ["a"],
                [granting(), granting()],
                "Plugin does not have access to any secrets, update app permissions",
            ),
            (["a", "b"], [granting(("a",))], "plugin does not have access to secret b"),
            (["a"], [granting(("b",)), granting()], "plugin does not have access to secret a"),
        ]:
            error = self.assertRaises(
                PluginRefused, allowing, [reference(key) for key in wanted], grants, "env"
            )
            self.assertEqual(error.message, text)

    @given(st.lists(words, min_size=1, max_size=3), st.lists(words, max_size=3))
    def test_literal_entries_are_exact(self, keys, entry):
        """Without ``regex:`` an entry covers its own keys and no others."""
        found = self.allowed([reference(*keys)], granting(tuple(entry)))
        self.assertEqual(found, keys == entry)


class NoSecretsTests(SynchronousTestCase):
    def test_refuses(self):
        """A gate without secrets has none to give."""
        verifyObject(ISecrets, NoSecrets())
        self.failureResultOf(NoSecrets().values([]), SecretFailed)
