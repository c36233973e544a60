"""The door: approved loads, permissions, and the write gate of staging twins."""

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest, PluginRefused
from clace.interfaces import Caller
from clace.model.app import AppSettings, ArgumentConstraint, Permission
from clace.model.traffic import Visitor
from clace.plugins.gate.gate import PluginGate
from clace.plugins.kit.definition import Function, Plugin
from tests.support.plugin_contract import Echo, EchoPlugin, PluginGateContract, app, call


class GateContractTests(PluginGateContract, SynchronousTestCase):
    def make_gate(self, *plugins, limits):
        return PluginGate(plugins, limits)


class GateTests(SynchronousTestCase):
    def setUp(self):
        self.echo = EchoPlugin()
        self.gate = PluginGate([self.echo.plugin])

    def call(self, its_app, *args, **kwargs):
        return self.gate.begin(Caller(app=its_app)).call(call(*args, **kwargs))

    def refusal(self, its_app, *args, **kwargs):
        return self.failureResultOf(
            self.call(its_app, *args, **kwargs), PluginRefused
        ).value.message

    def test_load_texts(self):
        """A refused load says what to do, an unknown plugin that it is unknown."""
        with self.assertRaises(PluginRefused) as caught:
            self.gate.check_load(app(loads=("echo.in#a",), path="/disk"), "echo.in")
        self.assertEqual(
            caught.exception.message,
            "app /disk is not permitted to load plugin echo.in."
            " Audit the app and approve permissions",
        )
        with self.assertRaises(PluginRefused) as caught:
            self.gate.check_load(app(loads=("ehco.in",)), "ehco.in")
        self.assertEqual(caught.exception.message, "module ehco.in not found")

    def test_call_without_load(self):
        """A host that never loaded a plugin cannot call it although a permission was approved."""
        its_app = app(Permission("echo.in", "say"), loads=())
        self.assertIn("not permitted to load", self.refusal(its_app, "say", "hi"))

    def test_unknown_function(self):
        """A function that the plugin has not is a bad request."""
        failure = self.failureResultOf(self.call(app(), "nothing"), BadRequest)
        self.assertEqual(failure.value.message, "module echo.in has no function nothing")

    def test_permission_before_arguments(self):
        """Permissions are checked first: a refusal tells nothing about arguments."""
        self.assertIn("not permitted to call echo.in.say", self.refusal(app(), "say", 1, 2, 3))

    def test_no_way_round_by_name(self):
        """A constrained argument given by name is refused, also beside one given by position."""
        its_app = app(Permission("echo.in", "say", ("hi",)))
        self.assertIn("positional arguments are required", self.refusal(its_app, "say", text="hi"))
        self.failureResultOf(self.call(its_app, "say", "hi", text="ho"), BadRequest)
        self.assertEqual(self.echo.said, [])

    def test_named_argument(self):
        """What a permission says of a parameter holds however it is given, and by default."""
        its_app = app(Permission("echo.in", "echo", kwargs=(ArgumentConstraint("loud", "False"),)))
        for args, kwargs in ((("hi",), {}), (("hi", False), {}), ((), {"text": "hi"})):
            self.assertEqual(
                self.successResultOf(self.call(its_app, "echo", *args, **kwargs)).value, "hi"
            )
        for args, kwargs in ((("hi", True), {}), (("hi",), {"loud": True})):
            self.assertIn(
                'not permitted to call echo.in.echo with argument loud having value "True"',
                self.refusal(its_app, "echo", *args, **kwargs),
            )

    def test_other_arguments(self):
        """A plugin can ask what would cover other arguments; what is said by name still counts."""
        asked = []

        async def ask(invocation, given):
            for text in ("b", "c"):
                try:
                    asked.append(invocation.grants_for((text,)))
                except PluginRefused:
                    asked.append("refused")

        loud = ArgumentConstraint("loud", "True")
        grants = (
            Permission("x.in", "ask", ("regex:[ab]",), kwargs=(loud,)),
            Permission("x.in", "ask", ("c",), kwargs=(ArgumentConstraint("loud", "False"),)),
        )
        gate = PluginGate([Plugin("x.in", {"ask": Function(Echo, ask, is_read=True)})])
        scope = gate.begin(Caller(app=app(*grants, loads=("x.in",))))
        self.successResultOf(scope.call(call("ask", "a", plugin="x.in", loud=True)))
        self.assertEqual(asked, [grants[:1], "refused"])

    def test_other_arguments_by_name(self):
        """What a permission says of a parameter by name is asked of other arguments too."""
        asked = []

        async def ask(invocation, given):
            for text in ("a", "b"):
                try:
                    asked.append(invocation.grants_for((text,)))
                except PluginRefused:
                    asked.append("refused")

        grant = Permission("x.in", "ask", kwargs=(ArgumentConstraint("text", "a"),))
        gate = PluginGate([Plugin("x.in", {"ask": Function(Echo, ask, is_read=True)})])
        scope = gate.begin(Caller(app=app(grant, loads=("x.in",))))
        self.successResultOf(scope.call(call("ask", "a", plugin="x.in")))
        self.assertEqual(asked, [(grant,), "refused"])

    def test_permit(self):
        """A permission with names is for users who hold one of them."""
        gate = PluginGate([self.echo.plugin])
        its_app = app(Permission("echo.in", "echo", permit=("a", "custom:b")), path="/disk")
        for user, visitor, is_allowed in (
            ("ann", Visitor(permissions=("b",)), True),
            ("ann", Visitor(permissions=("a", "c")), True),
            ("admin", Visitor(is_admin=True), True),
            ("bob", Visitor(permissions=("c", "ab", "custom:b")), False),
            ("bob", Visitor(), False),
            ("bob", None, False),
        ):
            caller = Caller(app=its_app, user_id=user, visitor=visitor)
            answer = gate.begin(caller).call(call("echo", "hi"))
            if is_allowed:
                self.assertEqual(self.successResultOf(answer).value, "hi")
            else:
                self.assertEqual(
                    self.failureResultOf(answer, PluginRefused).value.message,
                    "app /disk is not permitted to call echo.in.echo,"
                    " user bob does not have any required permission [a custom:b]",
                )

    def test_permit_of_nobody(self):
        """A gate that knows no users lets nobody use a permission with names."""
        its_app = app(Permission("echo.in", "echo", permit=("a",)), Permission("echo.in", "say"))
        self.assertIn("user  does not have", self.refusal(its_app, "echo", "hi"))
        self.successResultOf(self.call(its_app, "say", "hi"))

    def test_staging_write(self):
        """A staging twin without write access may read but not write."""
        permissions = (Permission("echo.in", "say", ("a", "b")), Permission("echo.in", "echo"))
        twin = app(
            *permissions, app_id="app_stg_1", path="/disk_cl_stage", stage_write_access=False
        )
        self.assertEqual(
            self.refusal(twin, "say", "a", "b"),
            "stage app /disk_cl_stage is not permitted to call echo.in.say args [a b]."
            " Stage app does not have access to write operations",
        )
        self.assertEqual(self.successResultOf(self.call(twin, "echo", "a")).value, "a")

    def test_preview_write(self):
        """A preview without write access may read but not write."""
        preview = app(
            Permission("echo.in", "say", ("a",)),
            app_id="app_pre_1",
            path="/disk_cl_preview_1",
            preview_write_access=False,
        )
        self.assertEqual(
            self.refusal(preview, "say", "a"),
            "preview app /disk_cl_preview_1 is not permitted to call echo.in.say args [a]."
            " Preview app does not have access to write operations",
        )

    def test_with_write_access(self):
        """A twin with write access, and every app that is none, may write."""
        for app_id, stage, preview in (
            ("app_stg_1", True, False),
            ("app_pre_1", False, True),
            ("app_prd_1", False, False),
            ("app_dev_1", False, False),
        ):
            its_app = app(
                Permission("echo.in", "say"),
                app_id=app_id,
                stage_write_access=stage,
                preview_write_access=preview,
            )
            self.assertEqual(self.successResultOf(self.call(its_app, "say", "a")).error, "")

    def test_no_mixture(self):
        """What one permission says of reading does not hold for a call that another covers."""
        twin = app(
            Permission("echo.in", "say", is_read=True, permit=("nobody",)),
            Permission("echo.in", "say"),
            app_id="app_stg_1",
            stage_write_access=False,
        )
        self.assertIn("required permission [nobody]", self.refusal(twin, "say", "a"))

    def test_approvals_change(self):
        """What was approved holds for the next call of an app, and what was withdrawn no more."""
        say, hi_only = Permission("echo.in", "say"), Permission("echo.in", "say", ("hi",))
        for permissions, loads, refused in (
            ((say,), ("echo.in",), ""),
            ((), ("echo.in",), "not permitted to call"),
            ((hi_only,), ("echo.in",), 'having value "ho"'),
            ((say,), ("echo.in",), ""),
            ((say,), (), "not permitted to load"),
        ):
            its_app = app(*permissions, loads=loads)
            if refused:
                self.assertIn(refused, self.refusal(its_app, "say", "ho"))
            else:
                self.assertEqual(self.successResultOf(self.call(its_app, "say", "ho")).error, "")

    def test_settings_change(self):
        """Write access that was withdrawn is so at once, although the approvals are the same."""
        twin = app(Permission("echo.in", "say"), app_id="app_stg_1")
        self.successResultOf(self.call(twin, "say", "a"))
        twin = replace(twin, settings=AppSettings(stage_write_access=False))
        self.assertIn("write operations", self.refusal(twin, "say", "a"))

    def test_permission_says_what_reads(self):
        """What a permission says about reading and writing counts more than the function."""
        for is_read, function, allowed in ((True, "say", True), (False, "echo", False)):
            twin = app(
                Permission("echo.in", function, is_read=is_read),
                app_id="app_stg_1",
                stage_write_access=False,
            )
            if allowed:
                self.successResultOf(self.call(twin, function, "a"))
            else:
                self.assertIn("write operations", self.refusal(twin, function, "a"))


class BoundsTests(SynchronousTestCase):
    def bounds(self, *permissions, **settings):
        """What is said of permissions under these settings of the plugins."""

        def narrow(its_app, permission):
            return "" if permission.arguments else f"{permission.plugin} is narrow for {its_app}"

        plugins = [Plugin("x.in", {}, bounds=narrow), Plugin("y.in", {})]
        its_app = app(*permissions)
        return PluginGate(plugins).bounds(its_app, permissions)

    def test_each_once(self):
        """How the configuration narrows permissions is told once, by plugins that do."""
        permissions = [Permission("x.in", "a"), Permission("x.in", "b"), Permission("y.in", "a")]
        (told,) = self.bounds(*permissions, Permission("none.in", "a"))
        self.assertTrue(told.startswith("x.in is narrow for /"), told)
        self.assertEqual(self.bounds(Permission("x.in", "a", ("/srv",))), ())

    def test_malformed_pattern(self):
        """A pattern that can match nothing is told, wherever in a permission it stands."""
        for where in (
            {"arguments": ("ls", "regex:(")},
            {"kwargs": (ArgumentConstraint("cwd", "regex:("),)},
            {"secrets": (("from:db", "regex:("),)},
            {"secrets": (("from:regex:(", "k"),)},
        ):
            told = self.bounds(Permission("y.in", "a", **where))
            malformed = 'permission y.in.a: "regex:(" matches nothing, its pattern is malformed'
            self.assertEqual(told, (f"{malformed}: missing ): (",))
        other = Permission("y.in", "a", ("ls", "regex:.*"), secrets=(("from:regex:v.*", "k"),))
        self.assertEqual(self.bounds(other), ())
