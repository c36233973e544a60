"""Accounts of plugins: which one an app gets."""

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import PluginRefused
from clace.interfaces import Caller
from clace.model.app import AccountLink, Permission
from clace.plugins.gate.accounts import section_of, with_accounts
from clace.plugins.gate.gate import PluginGate
from clace.plugins.kit.definition import Function, NoParameters, Plugin
from tests.support.plugin_contract import app, call

SECTIONS = ("x.in", "x.in#one", "x.in#two", "y.in")


def linked(plugin, account, **options):
    its_app = app(path="/disk", **options)
    return replace(
        its_app, metadata=replace(its_app.metadata, accounts=(AccountLink(plugin, account),))
    )


class SectionTests(SynchronousTestCase):
    def refusal(self, its_app, load):
        with self.assertRaises(PluginRefused) as caught:
            section_of(its_app, load, SECTIONS)
        return caught.exception.message

    def test_own_section(self):
        """What is not linked means the section of its own name."""
        for load in ("x.in", "x.in#one"):
            self.assertEqual(section_of(app(), load, SECTIONS), load)

    def test_link(self):
        """What is linked means the account that it is linked to, named in full or not."""
        for load, account, section in (
            ("x.in", "one", "x.in#one"),
            ("x.in#one", "two", "x.in#two"),
            ("x.in#nowhere", "x.in#two", "x.in#two"),
            ("x.in#one", "x.in", "x.in"),
        ):
            self.assertEqual(section_of(linked(load, account), load, SECTIONS), section)

    def test_link_of_another(self):
        """A link holds for exactly the name that was linked."""
        self.assertEqual(section_of(linked("x.in", "two"), "x.in#one", SECTIONS), "x.in#one")

    def test_no_way_out(self):
        """A link does not lead to another plugin."""
        self.assertIn("x.in#y.in, which is not", self.refusal(linked("x.in", "y.in"), "x.in"))

    def test_nowhere(self):
        """An account that is neither linked nor configured is an error that says what to do."""
        self.assertEqual(
            self.refusal(app(path="/disk"), "x.in#none"),
            "x.in#none is neither configured nor linked to an account for app /disk."
            ' Add [plugin."x.in#none"] to the server\'s configuration, or link an account:'
            " clace account link x.in#none ACCOUNT GLOB",
        )
        self.assertIn(
            "x.in of app /disk is linked to x.in#gone, which is not configured",
            self.refusal(linked("x.in", "gone"), "x.in"),
        )


def speaking(word):
    """A plugin that says its setting."""

    async def say(invocation, given):
        return f"{word} {invocation.plugin}"

    return Plugin("x.in", {"say": Function(NoParameters, say, is_read=True)})


class GateTests(SynchronousTestCase):
    def setUp(self):
        self.gate = PluginGate(with_accounts(speaking, "plain", {"one": "first", "two": "second"}))

    def said(self, its_app, load):
        scope = self.gate.begin(Caller(app=its_app))
        return self.successResultOf(scope.call(call("say", plugin=load))).value

    def test_settings(self):
        """Each account has its own settings, and one manifest tells hosts of all."""
        loads = ("x.in", "x.in#one", "x.in#two")
        its_app = app(*(Permission(load, "say") for load in loads), loads=loads)
        self.assertEqual(
            [self.said(its_app, load) for load in loads],
            ["plain x.in", "first x.in#one", "second x.in#two"],
        )
        self.assertEqual([manifest.name for manifest in self.gate.manifests()], ["x.in"])

    def test_link(self):
        """A linked app gets the account; what was approved is still the name that it loads."""
        its_app = linked("x.in", "two", loads=("x.in",))
        its_app = replace(
            its_app, metadata=replace(its_app.metadata, permissions=(Permission("x.in", "say"),))
        )
        self.assertEqual(self.said(its_app, "x.in"), "second x.in")

    def test_approval_is_for_the_name(self):
        """What was approved for a plugin is not approved for its accounts."""
        for loads, permission, told in (
            (("x.in",), "x.in#one", "not permitted to load plugin x.in#one"),
            (("x.in#one",), "x.in", "not permitted to call x.in#one.say"),
        ):
            its_app = app(Permission(permission, "say"), loads=loads)
            scope = self.gate.begin(Caller(app=its_app))
            refused = scope.call(call("say", plugin="x.in#one"))
            self.assertIn(told, self.failureResultOf(refused, PluginRefused).value.message)
