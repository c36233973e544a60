"""Tests for ``clace.identity.settings``: what may follow a kind of sign-in, and the default."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest, NotAuthenticated
from clace.identity.settings import ClosedToAll, OpenToAll
from clace.model import NOBODY
from tests.support.sign_in import MemoryProvider, OneAccount, app_authentication


class ForwardTests(SynchronousTestCase):
    """Settings such as ``system+forward_policy``."""

    def auth(self, default="system"):
        return app_authentication(
            OneAccount(), default=default, forwards=("policy", "audit"), kinds=()
        )

    def refused(self, setting):
        return self.assertRaises(BadRequest, self.auth().check, setting).message

    def test_known(self):
        """An entry may follow any kind of sign-in, also more than one, and the old prefix."""
        auth = self.auth()
        for setting, names in (
            ("system+forward_policy", ("policy",)),
            ("none+forward_policy", ("policy",)),
            ("default+forward_policy", ("policy",)),
            ("rbac:system+forward_policy", ("policy",)),
            ("system+forward_policy+forward_audit", ("policy", "audit")),
            ("system", ()),
        ):
            auth.check(setting)
            self.assertEqual(auth.forwards(setting), names, setting)

    def test_unknown(self):
        """An entry that is missing, or another modifier, is refused by name."""
        self.assertEqual(
            self.refused("system+forward_x"),
            "forward config x not found; there is no section [forward.x] in the configuration",
        )
        self.assertEqual(self.refused("system+other"), "invalid auth modifier other")
        self.assertEqual(self.refused("system+policy"), "invalid auth modifier policy")
        self.assertEqual(self.refused("system+"), "invalid auth modifier ")
        self.assertIn("invalid authentication type x", self.refused("x+forward_policy"))

    def test_default_keeps_it(self):
        """What follows ``default`` is asked whatever the default is, and with what follows that."""
        for default, names in (
            ("none", ("policy",)),
            ("system", ("policy",)),
            ("none+forward_audit", ("audit", "policy")),
            ("none+forward_policy", ("policy",)),
        ):
            auth = self.auth(default)
            self.assertEqual(auth.forwards("default+forward_policy"), names, default)
            self.assertFalse(auth.is_open("default+forward_policy"))

    def test_default_has_one(self):
        """What follows the server's default holds for apps that say no more than that."""
        auth = self.auth("none+forward_audit")
        self.assertEqual(auth.forwards("default"), ("audit",))
        self.assertFalse(auth.is_open("default"))
        self.assertEqual(auth.forwards("none"), ())
        self.assertTrue(auth.is_open("none"))

    def test_base(self):
        """The kind of sign-in is told without what follows it."""
        auth = self.auth("system+forward_audit")
        for setting, base in (
            ("none+forward_policy", "none"),
            ("default+forward_policy", "system"),
            ("default", "system"),
            ("rbac:none", "none"),
        ):
            self.assertEqual(auth.base(setting), base)

    def test_ways(self):
        """Browsers sign in as they would without it."""
        ways = self.auth().ways("default+forward_policy")
        self.assertEqual([way.name for way in ways], ["system"])

    def test_entry_is_gone(self):
        """An app whose entry has left the configuration lets nobody in, and asks nobody to sign
        in.
        """
        auth = self.auth()
        for setting in (
            "none+forward_gone",
            "none+other",
            "none+policy",
            "default+forward_gone",
            "system+forward_policy+other",
        ):
            found = auth.of(setting)
            self.assertIsInstance(found, ClosedToAll)
            self.failureResultOf(found.identify(None), NotAuthenticated)
            self.assertFalse(auth.is_open(setting))
            self.assertEqual(auth.ways(setting), ())


MISSING = "there is no section [saml.corp] in the configuration"


class SettingTests(SynchronousTestCase):
    """The kinds of sign-in, and the texts of refusals."""

    def auth(self, default="system", **options):
        return app_authentication(OneAccount(), MemoryProvider(), default=default, **options)

    def test_known(self):
        """Each way, several of them, the default and nobody are settings."""
        auth = self.auth()
        for setting in ("default", "none", "system", "github", "system,github", "rbac:github"):
            auth.check(setting)

    def test_refused(self):
        """An unknown setting is refused by its name; one of SAML says so."""
        for setting, text in (
            ("x", "invalid authentication type x; expected one of default, none, system, github"),
            ("", "invalid authentication type ; expected one of"),
            ("System", "invalid authentication type System"),
            ("saml_corp", f"invalid saml auth type saml_corp; {MISSING}"),
            ("system,none", "invalid authentication type system,none"),
            ("system,system", "invalid authentication type system,system"),
            ("system,", "invalid authentication type system,"),
        ):
            error = self.assertRaises(BadRequest, self.auth().check, setting)
            self.assertTrue(error.message.startswith(text), (setting, error.message))
            self.assertIn(" section ", error.message, "what would make it a setting")

    def test_unknown_lets_nobody_in(self):
        """A setting that was known once, and whatever else is stored, is closed."""
        for setting in ("saml_gone", "", "none+x", "none,system", "NONE"):
            auth = self.auth("none")
            self.assertFalse(auth.is_open(setting), setting)
            self.assertIsInstance(auth.of(setting), ClosedToAll, setting)
            self.assertEqual(auth.ways(setting), ())

    def test_default(self):
        """The default is what the operator says, also if nobody is asked."""
        self.assertTrue(self.auth("none").is_open("default"))
        self.assertFalse(self.auth().is_open("default"))
        self.assertEqual([way.name for way in self.auth("github").ways("default")], ["github"])
        self.assertIsInstance(self.auth("gone").of("default"), ClosedToAll)

    def test_in_effect(self):
        """Two ways to write one setting are the same in effect."""
        auth = self.auth(forwards=("policy",))
        self.assertEqual(auth.in_effect("default"), auth.in_effect("rbac:system"))
        self.assertNotEqual(auth.in_effect("default+forward_policy"), auth.in_effect("system"))
        self.assertEqual(auth.in_effect("default+forward_policy"), "system+forward_policy")
        self.assertNotEqual(auth.in_effect("github"), auth.in_effect("default"))

    def test_open(self):
        """``none`` is open to everybody, unless the server requires that somebody signs in."""
        found = self.auth().of("none")
        self.assertEqual(self.successResultOf(found.identify(None)), NOBODY)
        for default, setting in (("system", "none"), ("none", "none"), ("none", "default")):
            auth = self.auth(default, required=True)
            auth.check(setting)
            self.assertFalse(auth.is_open(setting))
            self.failureResultOf(auth.of(setting).identify(None), NotAuthenticated)

    def test_kinds(self):
        """A kind of sign-in is a row: it is asked for settings that no row before it takes."""
        own = OpenToAll()
        auth = self.auth(kinds=(lambda base: own if base == "mine" else None,))
        auth.check("mine")
        self.assertIs(auth.of("mine"), own)

    def test_bounded(self):
        """Settings that were asked about are kept for the next time, but not any number."""
        auth = self.auth()
        for number in range(3000):
            auth.of(f"x{number}")
        self.assertLessEqual(len(auth._known), 1000)
