"""The door: approved loads, permissions, and the write gate of staging twins."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest, PluginRefused
from clace.interfaces import Caller
from clace.model.app import Permission
from clace.plugins.gate import Gate
from tests.support.plugin_contract import EchoPlugin, PluginGateContract, app, call


class GateContractTests(PluginGateContract, SynchronousTestCase):
    def make_gate(self, *plugins, limits):
        return Gate(plugins, limits)


class GateTests(SynchronousTestCase):
    def setUp(self):
        self.echo = EchoPlugin()
        self.gate = Gate([self.echo.plugin])

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

    def test_staging_with_write_access(self):
        """A staging twin with write access, and every other app, may write."""
        for app_id, access in (("app_stg_1", True), ("app_prd_1", False), ("app_dev_1", False)):
            its_app = app(Permission("echo.in", "say"), app_id=app_id, stage_write_access=access)
            self.assertEqual(self.successResultOf(self.call(its_app, "say", "a")).error, "")

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
